package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
)

// mend takes a torn line off the end, and finds the last number given.
func (j *Journal) mend() (size int64, last uint64, err error) {
	info, err := j.file.Stat()
	if err != nil || j.size > 0 && info.Size() == j.size {
		return j.size, j.last, err
	}
	size, last, err = tail(j.file, info.Size())
	if err == nil && size < info.Size() {
		err = j.file.Truncate(size)
	}
	if err == nil && size == 0 {
		last, err = lastOf(j.path(journalOld))
	}
	return size, last, err
}

// lastOf is the last number in a file; zero where there is none.
func lastOf(path string) (uint64, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	_, last, err := tail(f, info.Size())
	return last, err
}

// tail looks at a journal of some size from its end: where its last whole line
// ends, and the last number given. As a rule the last line tells that; where it
// is none of a journal, those before it do.
func tail(f io.ReaderAt, size int64) (end int64, last uint64, err error) {
	for n := int64(4096); ; n *= 8 {
		start := max(0, size-n)
		b := make([]byte, size-start)
		if _, err := f.ReadAt(b, start); err != nil && err != io.EOF {
			return 0, 0, err
		}
		if start > 0 { // the first line may be cut
			cut := bytes.IndexByte(b, '\n') + 1
			if cut == 0 {
				continue
			}
			start, b = start+int64(cut), b[cut:]
		}
		b = b[:bytes.LastIndexByte(b, '\n')+1]
		end = start + int64(len(b))
		for last == 0 && len(b) > 0 {
			before := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1
			last, b = numberOf(b[before:]), b[:before]
		}
		if last > 0 || start == 0 {
			return end, last, nil
		}
	}
}

// numberOf is the highest number that a line knows of; zero where it is no line
// of a journal.
func numberOf(b []byte) uint64 {
	var l struct{ ID, Last uint64 }
	if json.Unmarshal(b, &l) != nil {
		return 0
	}
	return max(l.ID, l.Last)
}
