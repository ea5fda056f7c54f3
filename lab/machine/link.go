package machine

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// openLink opens the device by which the guest reports. A serial line is
// freed of everything a terminal does to bytes.
func openLink(path string) (*os.File, error) {
	if path == "" {
		return nil, errors.New("nobody named the line to report on")
	}
	// Writing blocks until the host took the bytes, so that nothing is lost
	// when the guest halts.
	fd, err := openAwaited(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return f, nil // not a terminal
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, errors.Join(err, f.Close()))
	}
	return f, nil
}

// drain waits until the line has carried everything.
func drain(f *os.File) error {
	const waitForOutput = 1 // with this argument TCSBRK is tcdrain(3)
	err := unix.IoctlSetInt(int(f.Fd()), unix.TCSBRK, waitForOutput)
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
		return nil // not a terminal: nothing is held back
	}
	return err
}

// openAwaited opens a device that may still be on its way: a virtio port
// appears, and then takes openers, a moment after its driver was loaded.
func openAwaited(path string) (fd int, err error) {
	const limit, pause = 30 * time.Second, 10 * time.Millisecond
	for deadline := time.Now().Add(limit); ; time.Sleep(pause) {
		fd, err = unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		missing := errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENOENT)
		if !missing || time.Now().After(deadline) {
			return fd, err
		}
	}
}
