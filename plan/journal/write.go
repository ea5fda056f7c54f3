package journal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"

	"lvs/safefile"
)

// append adds one line under the lock. text makes the line once the last number
// given is known.
func (j *Journal) append(ctx context.Context, objects []byte, text func(last uint64) line) error {
	for {
		if err := j.lock(ctx); err != nil {
			return err
		}
		size, last, err := j.mend()
		if err != nil {
			j.unlock()
			return err
		}
		l := text(last)
		head, tail := encoded(&l, len(objects) > 0)
		if n := len(head) + len(objects) + len(tail); size == 0 || size+int64(n) <= cmp.Or(j.Max, maxJournal) {
			err := j.write(size, head, objects, tail)
			if j.size, j.last = 0, max(last, l.ID); err == nil {
				j.size = size + int64(n)
			}
			j.unlock()
			return err
		}
		// A process that waits for the lock finds that the file is no longer the
		// journal, and opens the new one, as this loop does.
		err = j.dir.Rename(journalName, journalOld)
		j.Close()
		if err != nil {
			return err
		}
	}
}

// write writes a line. If the disk is full the file stays as it was.
func (j *Journal) write(size int64, parts ...[]byte) error {
	for _, b := range parts {
		if len(b) == 0 {
			continue
		}
		if _, err := j.file.Write(b); err != nil {
			return errors.Join(err, j.file.Truncate(size))
		}
	}
	return nil
}

// mend removes a torn line at the end of the file, and returns the file's size and
// the last number given.
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
		last, err = lastOf(j.dir, journalOld)
	}
	return size, last, err
}

// lastOf returns the last number given in a file, or zero if it has none.
func lastOf(d *safefile.Dir, name string) (uint64, error) {
	f, err := d.OpenFile(name, os.O_RDONLY)
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

// tail reads a file of some size backwards. It returns where the last whole line
// ends, and the last number given: usually that of the last line, or of one before
// it if that is not a journal's line.
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

// numberOf returns the highest number in a line, or zero if it is not a journal's.
func numberOf(b []byte) uint64 {
	var l struct{ ID, Last uint64 }
	if json.Unmarshal(b, &l) != nil {
		return 0
	}
	return max(l.ID, l.Last)
}
