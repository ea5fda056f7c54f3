package health

import (
	"bytes"
	"strconv"
)

// httpBody collects the first 64 KiB of a body.
type httpBody struct {
	got     []byte
	chunked bool
	length  int64 // -1 ends when the connection does; not used if chunked

	left int64  // of the present chunk, with the line end after it
	line []byte // of the line with the length of the next chunk
	last bool   // the last chunk has come
}

// maxChunkLine is the longest line before a chunk, with its extensions.
const maxChunkLine = 4 << 10

// add gets the next part. complete is set when there is all, or 64 KiB. fault says what is
// wrong with it.
func (b *httpBody) add(data []byte, end bool) (complete bool, fault string) {
	switch {
	case b.chunked:
		if fault := b.addChunks(data); fault != "" {
			return false, fault
		}
		complete = b.last
	case b.length >= 0:
		b.keep(data[:min(int64(len(data)), b.length-int64(len(b.got)))])
		complete = int64(len(b.got)) >= b.length
	default:
		b.keep(data)
		complete = end
	}
	return complete || len(b.got) == maxBody, ""
}

func (b *httpBody) keep(data []byte) {
	b.got = append(b.got, data[:min(len(data), maxBody-len(b.got))]...)
}

// addChunks reads chunks (RFC 9112, 7.1). What follows the last one is not read.
func (b *httpBody) addChunks(data []byte) (fault string) {
	for len(data) > 0 && !b.last {
		if b.left > 0 {
			n := min(int64(len(data)), b.left)
			part := data[:n]
			if after := b.left - n; after < 2 { // without the line end
				part = part[:max(0, n-(2-after))]
			}
			b.keep(part)
			b.left -= n
			data = data[n:]
			continue
		}
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			i = len(data) - 1
		}
		b.line = append(b.line, data[:i+1]...)
		data = data[i+1:]
		if len(b.line) > maxChunkLine {
			return "the length of a chunk is too long"
		}
		if b.line[len(b.line)-1] != '\n' {
			return ""
		}
		size, _, _ := bytes.Cut(bytes.TrimSpace(b.line), []byte(";"))
		n, err := strconv.ParseInt(string(bytes.TrimSpace(size)), 16, 32)
		if err != nil || n < 0 {
			return "chunk of length " + string(size)
		}
		b.line, b.last = b.line[:0], n == 0
		b.left = n + 2
	}
	return ""
}
