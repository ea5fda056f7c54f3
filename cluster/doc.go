// Package cluster holds the wanted state of a director: what it is, how it
// differs from the kernel's table, and how to get from one to the other without
// an interruption, or back. It decides nothing about when; that belongs to
// whoever calls it.
package cluster
