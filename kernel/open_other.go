//go:build !linux

package kernel

import "fmt"

// Client is the real kernel, which only Linux has.
type Client struct{ Kernel }

// Open fails: IPVS is a part of Linux.
func Open(Options) (*Client, error) {
	return nil, &Error{Op: "open IPVS", Err: fmt.Errorf("%w: IPVS needs Linux", ErrNotSupported)}
}

// Identity fails as Open does.
func Identity(string) (string, error) { return "", &Error{Op: "open", Err: ErrNotSupported} }
