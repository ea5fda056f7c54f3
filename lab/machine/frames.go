package machine

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// Guest and host speak over one stream of bytes (a serial line, a virtio port
// or a pipe). Each event is a frame: kind (1 byte), command (4), status (4),
// length of the name (4), length of the data (4), name, data; big endian.
const (
	frameHeader = 17
	frameLimit  = 64 << 10 // longest name or data in one frame
)

// frameWriter sends events. Several goroutines may use it.
type frameWriter struct {
	mu  sync.Mutex
	out io.Writer
}

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
		return Event{}, fmt.Errorf("the guest sent what is not a frame: %x", head)
	}
	body := make([]byte, name+data)
	if _, err := io.ReadFull(r, body); err != nil {
		return Event{}, fmt.Errorf("the guest stopped in the middle of a frame: %w", err)
	}
	e.Name, e.Data = string(body[:name]), body[name:]
	return e, nil
}
