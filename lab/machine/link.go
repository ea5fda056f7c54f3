package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// openLink opens the device that the guest reports on. A serial line is set to
// pass bytes on unchanged.
func openLink(path string) (*os.File, error) {
	if path == "" {
		return nil, errors.New(linkVariable + " is missing: want a device")
	}
	// Writing blocks until the host has the bytes, so that nothing is lost
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

// drain waits until everything that was written has been sent.
func drain(f *os.File) error {
	const waitForOutput = 1 // with this argument TCSBRK is tcdrain(3)
	err := unix.IoctlSetInt(int(f.Fd()), unix.TCSBRK, waitForOutput)
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
		return nil // not a terminal: there is no buffer
	}
	return err
}

// openAwaited opens a device and waits if it is not there yet: a virtio port
// appears, and can be opened, a moment after its driver was loaded.
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

// virtioPort is the device that a guest in QEMU reports on.
const virtioPort = "/dev/vport0p1"

// loadPort loads the modules of a virtio port. Other devices are built in.
func loadPort(path string) error {
	if path != virtioPort {
		return nil
	}
	if err := os.Setenv("PATH", guestPath); err != nil {
		return err
	}
	for _, module := range []string{"virtio_pci", "virtio_console"} {
		if out, err := exec.Command("modprobe", module).CombinedOutput(); err != nil {
			return fmt.Errorf("modprobe %s: %w: %s", module, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// The guest sends one stream of bytes to the host, over a serial line, a virtio
// port or a pipe. Each event is a frame: kind (1 byte), command (4), status (4),
// length of the name (4), length of the data (4), name, data; big endian.
const (
	frameHeader = 17
	frameLimit  = 64 << 10 // longest name or data in one frame
)

// frameWriter sends events. It is safe for concurrent use.
type frameWriter struct {
	mu  sync.Mutex
	out io.Writer
}

// send sends an event, in several frames if its data is long.
func (w *frameWriter) send(e Event) error {
	data := e.Data
	for {
		part := data[:min(len(data), frameLimit)]
		if err := w.sendOne(e, part); err != nil {
			return err
		}
		if data = data[len(part):]; len(data) == 0 {
			return nil
		}
	}
}

// sendOne sends one frame.
func (w *frameWriter) sendOne(e Event, data []byte) error {
	buf := make([]byte, frameHeader, frameHeader+len(e.Name)+len(data))
	buf[0] = byte(e.Kind)
	binary.BigEndian.PutUint32(buf[1:], uint32(e.Command))
	binary.BigEndian.PutUint32(buf[5:], uint32(int32(e.Status)))
	binary.BigEndian.PutUint32(buf[9:], uint32(len(e.Name)))
	binary.BigEndian.PutUint32(buf[13:], uint32(len(data)))
	buf = append(buf, e.Name...)
	buf = append(buf, data...)
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.out.Write(buf)
	return err
}

// readFrame reads the next event. io.EOF means that the stream ended between
// two frames.
func readFrame(r io.Reader) (Event, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Event{}, err
	}
	e := Event{
		Kind:    EventKind(head[0]),
		Command: int(binary.BigEndian.Uint32(head[1:])),
		Status:  int(int32(binary.BigEndian.Uint32(head[5:]))),
	}
	name, data := binary.BigEndian.Uint32(head[9:]), binary.BigEndian.Uint32(head[13:])
	if e.Kind < Booted || e.Kind > Done || name > frameLimit || data > frameLimit {
		return Event{}, fmt.Errorf("the guest sent something else than a frame: %x", head)
	}
	body := make([]byte, name+data)
	if _, err := io.ReadFull(r, body); err != nil {
		return Event{}, fmt.Errorf("the guest stopped in the middle of a frame: %w", err)
	}
	e.Name, e.Data = string(body[:name]), body[name:]
	return e, nil
}
