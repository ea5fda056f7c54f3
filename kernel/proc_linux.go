package kernel

import (
	"bytes"
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
	return func(yield func(*Connection, error) bool) {
		stopped := false
		err := c.use(ctx, "list connections", procNet+"ip_vs", func(table *rawFile) error {
			all := Listing{
				Read: func(look func() error) iter.Seq2[*Connection, error] {
					return c.readConnections(ctx, from, look)
				},
				Size:    func() (uint32, error) { return connTableSize(table) },
				Counted: !c.exists(procNet + "ip_vs_status"),
			}
			for conn, err := range all.Connections() {
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

// exists reports whether a file of the namespace can be opened.
func (c *Client) exists(path string) bool {
	f, err := c.ns.open(path)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}

// connTableSize returns the number of buckets of the connection table, which is in the
// first line of /proc/net/ip_vs.
func connTableSize(table *rawFile) (uint32, error) {
	var title [128]byte // the kernel makes no more of the table than fits
	n, err := table.readStart(title[:])
	var info Info
	line, _, _ := bytes.Cut(title[:n], []byte{'\n'})
	readTitle(line, &info)
	return info.ConnTableSize, err
}

// readConnections reads the connection table once, as Listing.Read.
func (c *Client) readConnections(ctx context.Context, from ConnectionSource,
	look func() error) iter.Seq2[*Connection, error] {
	path := procNet + "ip_vs_conn"
	if from == WithOrigin {
		path += "_sync"
	}
	return func(yield func(*Connection, error) bool) {
		err := c.use(ctx, "list connections", path, func(f *rawFile) error {
			for conn, err := range readConnections(&wholeReader{&contextReader{ctx, f}, look}, from) {
				if err != nil {
					return err
				}
				if !yield(conn, nil) {
					return nil
				}
			}
			return nil
		})
		if err != nil {
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
	return c.use(ctx, op, path, func(f *rawFile) error { return use(f) })
}

// use is read for what needs more than a reader.
func (c *Client) use(ctx context.Context, op, path string, use func(*rawFile) error) error {
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

// wholeReader reads until a buffer is full, and then calls look, before anybody sees
// what is in it. A file of /proc returns a page at most.
type wholeReader struct {
	r    io.Reader
	look func() error
}

func (w *wholeReader) Read(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var more int
		more, err = w.r.Read(b[n:])
		n += more
	}
	if failed := w.look(); failed != nil {
		return n, failed
	}
	return n, err
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

// readStart reads from the start of the file, which the kernel then makes anew.
func (f *rawFile) readStart(b []byte) (int, error) {
	for {
		n, err := unix.Pread(f.fd, b, 0)
		switch err {
		case nil:
			return n, nil
		case unix.EINTR:
		default:
			return 0, &fs.PathError{Op: "read", Path: f.path, Err: err}
		}
	}
}

func (f *rawFile) Close() error { return unix.Close(f.fd) }
