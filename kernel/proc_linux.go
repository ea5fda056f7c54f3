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
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// procNet belongs to the calling thread, not to the process: a thread may be in
	// another namespace.
	procNet = "/proc/thread-self/net/"
	sysctls = "/proc/sys/net/ipv4/vs"
)

// PublicSnapshot implements Kernel.
func (c *Client) PublicSnapshot(ctx context.Context) (*Snapshot, error) {
	s := &Snapshot{Time: time.Now(), Public: true, Services: []ServiceEntry{}}
	err := c.read(ctx, "list services", procNet+"ip_vs", func(r io.Reader) error { return readPublicTable(r, s) })
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
		err = &Error{Op: "read the state of the hash tables", Err: fmt.Errorf("%w: needs Linux 7 or later", ErrNotSupported)}
	}
	return s, err
}

// Sysctls implements Kernel.
func (c *Client) Sysctls(ctx context.Context, only ...string) ([]Sysctl, error) {
	out := []Sysctl{}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err := c.ns.do(func() error {
		names, err := sysctlNames(only)
		for _, name := range names {
			value, errRead := readSysctl(name)
			switch {
			case errors.Is(errRead, fs.ErrPermission): // write-only, such as a trigger
			case errors.Is(errRead, fs.ErrNotExist): // not in this kernel
			case errRead != nil:
				return errRead
			default:
				out = append(out, Sysctl{Name: name, Value: strings.TrimSpace(value)})
			}
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotLoaded
	}
	return out, failure("read the settings", err)
}

// sysctlNames returns the names of all settings, or those of only, sorted.
func sysctlNames(only []string) ([]string, error) {
	if len(only) > 0 {
		names := slices.Clone(only)
		slices.Sort(names)
		return slices.Compact(names), nil
	}
	entries, err := os.ReadDir(sysctls)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

// readSysctl reads a setting in three system calls.
func readSysctl(name string) (string, error) {
	if !isSysctlName(name) {
		return "", fs.ErrNotExist
	}
	f, err := openRaw(sysctls + "/" + name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var b [maxLine]byte
	n, err := f.Read(b[:])
	if err == io.EOF {
		err = nil
	}
	return string(b[:n]), err
}

// isSysctlName reports whether a name can be that of a file in the folder of settings.
func isSysctlName(name string) bool {
	return name != "" && !strings.ContainsAny(name, "/\x00") && !strings.HasPrefix(name, ".")
}

// stopped returns Snapshot.Stopped. If the settings cannot be read, counters are taken
// to be up to date.
func (c *Client) stopped(ctx context.Context) string {
	settings, _ := c.Sysctls(ctx, RunEstimation, EstCPUList)
	return CountersStopped(settings)
}

// SetSysctl implements Kernel. It may return ErrNoSysctl, ErrInvalid or
// ErrPermission.
func (c *Client) SetSysctl(ctx context.Context, name, value string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	op := "set " + name
	if !isSysctlName(name) {
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

// read opens a file of the namespace and passes it to use. If the file is missing,
// ip_vs is not loaded.
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

// contextReader stops a long read when ctx is cancelled.
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

// rawFile reads a file of /proc without the Go scheduler's knowledge. Each call
// returns a page, which the kernel makes within the call and without a lock that
// is held for long (IPVS lists its tables under RCU). Handing the processor to
// another thread for each page would take longer than the reading.
type rawFile struct {
	fd   int
	path string
}

func openRaw(path string) (*rawFile, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			return &rawFile{fd, path}, nil
		}
		if err != unix.EINTR {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

func (f *rawFile) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(f.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		runtime.KeepAlive(b)
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			return 0, &fs.PathError{Op: "read", Path: f.path, Err: errno}
		case n == 0:
			return 0, io.EOF
		default:
			return int(n), nil
		}
	}
}

func (f *rawFile) Close() error { return unix.Close(f.fd) }
