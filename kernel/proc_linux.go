package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// procNet is the calling thread's, not the process's: a thread may stand in
	// another namespace.
	procNet   = "/proc/thread-self/net/"
	procTable = procNet + "ip_vs"
	sysctls   = "/proc/sys/net/ipv4/vs"
)

// PublicSnapshot implements Kernel.
func (c *Client) PublicSnapshot(ctx context.Context) (*Snapshot, error) {
	s := &Snapshot{Time: time.Now(), Public: true, Services: []ServiceEntry{}}
	err := c.read(ctx, "read "+procTable, procTable, func(r io.Reader) error { return readPublicTable(r, s) })
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(s.Services, func(a, b ServiceEntry) int { return a.Compare(b.ServiceID) })
	return s, nil
}

// Connections implements Kernel.
func (c *Client) Connections(ctx context.Context, from ConnectionSource) iter.Seq2[*Connection, error] {
	path := procNet + "ip_vs_conn"
	if from == WithOrigin {
		path += "_sync"
	}
	return func(yield func(*Connection, error) bool) {
		stopped := false
		err := c.read(ctx, "list connections", path, func(r io.Reader) error {
			for conn, err := range readConnections(&contextReader{ctx, r}, from) {
				if err != nil {
					return err
				}
				if stopped = !yield(conn, nil); stopped {
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// Totals implements Kernel.
func (c *Client) Totals(ctx context.Context) (s Stats, err error) {
	err = c.read(ctx, "read the totals", procNet+"ip_vs_stats", func(r io.Reader) error {
		s, err = readTotals(r)
		return err
	})
	return s, err
}

// TableStatus implements Kernel.
func (c *Client) TableStatus(ctx context.Context) (s []TableStatus, err error) {
	err = c.read(ctx, "read the state of the hash tables", procNet+"ip_vs_status", func(r io.Reader) error {
		s, err = readTableStatus(r)
		return err
	})
	if errors.Is(err, ErrNotLoaded) { // the file, not the module: the client is open
		err = &Error{Op: "read the state of the hash tables", Err: fmt.Errorf("%w: it needs Linux 7", ErrNotSupported)}
	}
	return s, err
}

// Sysctls implements Kernel.
func (c *Client) Sysctls(ctx context.Context) ([]Sysctl, error) {
	out := []Sysctl{}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err := c.ns.do(func() error {
		entries, err := os.ReadDir(sysctls)
		for _, e := range entries {
			value, errRead := os.ReadFile(filepath.Join(sysctls, e.Name()))
			if errors.Is(errRead, fs.ErrPermission) {
				continue // write-only, such as a trigger
			}
			if errRead != nil {
				return errRead
			}
			out = append(out, Sysctl{Name: e.Name(), Value: strings.TrimSpace(string(value))})
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotLoaded
	}
	return out, failure("read the settings", err)
}

// SetSysctl implements Kernel. Expect ErrNoSysctl, ErrInvalid, ErrPermission.
func (c *Client) SetSysctl(ctx context.Context, name, value string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	op := "set " + name
	if name == "" || strings.ContainsAny(name, "/\x00") || strings.HasPrefix(name, ".") {
		return &Error{Op: op, Err: ErrNoSysctl}
	}
	err := c.ns.do(func() error {
		f, err := os.OpenFile(filepath.Join(sysctls, name), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteString(value + "\n")
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNoSysctl
	}
	return failure(op, err)
}

// read opens a file of the namespace and hands it over. A missing file means
// that ip_vs is not there.
func (c *Client) read(ctx context.Context, op, path string, use func(io.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := c.ns.open(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotLoaded
	}
	if err != nil {
		return failure(op, err)
	}
	defer f.Close()
	return failure(op, use(f))
}

// contextReader stops a long read when it is cancelled.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
