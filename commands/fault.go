package commands

import (
	"errors"
	"fmt"
)

// fault is an error with its exit status and, where one is known, its cure.
type fault struct {
	status int
	err    error
	hint   string
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// usagef is a mistake in what was typed.
func usagef(format string, args ...any) *fault {
	return &fault{status: exitUsage, err: fmt.Errorf(format, args...)}
}

func (f *fault) hintf(format string, args ...any) *fault {
	f.hint = fmt.Sprintf(format, args...)
	return f
}

// faults are several mistakes, all told at once.
type faults []error

func (f *faults) add(err error) {
	var several faults
	switch {
	case err == nil:
	case errors.As(err, &several):
		for _, e := range several {
			f.addOne(e)
		}
	default:
		f.addOne(err)
	}
}

// addOne leaves out what was told already, of another object.
func (f *faults) addOne(err error) {
	for _, old := range *f {
		if old.Error() == err.Error() {
			return
		}
	}
	*f = append(*f, err)
}

// err is nil when there was no mistake.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

func (f faults) Error() string { return errors.Join(f...).Error() }

// errNo is the answer no, where the output has said so: exit status 1 and not a
// word more.
var errNo = errors.New("no")

// openError is a kernel that could not be opened at all.
type openError struct{ err error }

func (e *openError) Error() string { return e.err.Error() }
func (e *openError) Unwrap() error { return e.err }
