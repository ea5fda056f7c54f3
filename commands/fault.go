package commands

import (
	"errors"
	"fmt"
	"strings"

	"lvs/cluster"
)

// fault is an error with its exit status and, if there is one, a hint.
type fault struct {
	status int
	err    error
	hint   string
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// usagef returns an error about the command line, with exit status 2.
func usagef(format string, args ...any) *fault {
	return &fault{status: exitUsage, err: fmt.Errorf(format, args...)}
}

// hintf sets the hint, which begins with a verb or is a command line, and returns f.
func (f *fault) hintf(format string, args ...any) *fault {
	f.hint = fmt.Sprintf(format, args...)
	return f
}

// faults is a list of errors that are reported together.
type faults []error

// add appends err, or each error if it is a list. It ignores nil.
func (f *faults) add(err error) {
	var several faults
	var file cluster.Faults
	switch {
	case err == nil:
	case errors.As(err, &several):
		for _, e := range several {
			f.addOne(e)
		}
	case errors.As(err, &file):
		for _, e := range file {
			f.addOne(e)
		}
	default:
		f.addOne(err)
	}
}

// addOne appends err unless the list has the same text already.
func (f *faults) addOne(err error) {
	for _, old := range *f {
		if old.Error() == err.Error() {
			return
		}
	}
	*f = append(*f, err)
}

// both returns all faults of two checks.
func both(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	var all faults
	all.add(a)
	all.add(b)
	return all.err()
}

// err returns the list, or nil if it is empty.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

func (f faults) Error() string { return errors.Join(f...).Error() }

// errNo ends a command with exit status 1 and without an error message: the output
// has the answer.
var errNo = errors.New("no")

// openError is the error of a kernel that cannot be opened at all.
type openError struct{ err error }

func (e *openError) Error() string { return e.err.Error() }
func (e *openError) Unwrap() error { return e.err }

// orList joins words for the error of a wrong value: "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
