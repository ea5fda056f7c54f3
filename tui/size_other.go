//go:build !unix

package tui

import (
	"context"
	"iter"
)

// sizeChanges yields nothing: the size stays.
func sizeChanges(context.Context) iter.Seq[struct{}] { return func(func(struct{}) bool) {} }
