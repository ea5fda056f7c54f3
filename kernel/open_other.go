//go:build !linux

package kernel

import "fmt"

// Client is a connection to the real kernel, which only Linux has.
type Client struct{ Kernel }

// Open returns ErrNotSupported: IPVS is a part of Linux.
func Open(Options) (*Client, error) {
	return nil, &Error{Op: "open IPVS", Err: fmt.Errorf("%w: IPVS needs Linux", ErrNotSupported)}
}

// Identity returns ErrNotSupported.
func Identity(string) (string, error) {
	return "", &Error{Op: "open network namespace", Err: ErrNotSupported}
}

// Enter returns ErrNotSupported.
func Enter(netns string) error {
	return &Error{Op: "enter network namespace " + netns, Err: ErrNotSupported}
}
