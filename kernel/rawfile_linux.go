package kernel

import (
	"io"
	"io/fs"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawFile reads a file of /proc without telling the Go scheduler. The kernel
// gives a page a call, made within the call and without a lock that is held for
// long (IPVS shows its tables under RCU); handing the processor to another
// thread for each page takes longer than the reading.
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
