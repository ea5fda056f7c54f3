package output

import "io"

// sinkSize is how much is gathered before it is written.
const sinkSize = 64 << 10

// sink gathers bytes in buf and writes them in large pieces. After an error it
// writes no more and keeps returning that error.
type sink struct {
	w   io.Writer
	buf []byte
	err error
}

func newSink(w io.Writer) *sink {
	return &sink{w: w, buf: make([]byte, 0, sinkSize+4096)}
}

// spill writes when enough has been gathered.
func (s *sink) spill() error {
	if len(s.buf) < sinkSize {
		return s.err
	}
	return s.flush()
}

func (s *sink) flush() error {
	if s.err == nil && len(s.buf) > 0 {
		_, s.err = s.w.Write(s.buf)
	}
	s.buf = s.buf[:0]
	return s.err
}
