package machine

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openLink opens the device by which the guest reports. A serial line is
// freed of everything a terminal does to bytes.
func openLink(path string) (*os.File, error) {
	if path == "" {
		return nil, errors.New("nobody named the line to report on")
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
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
