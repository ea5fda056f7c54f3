package health

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
)

// askFile reads the first line of a file: the words of parseWords, or 0 for down and 1 for
// up. A file that is missing, empty or unreadable says nothing, and neither does any other
// line: that is a fault of this machine, and changes no verdict.
func askFile(_ context.Context, q *question) Result {
	line, err := readFirstLine(q.File)
	if err != nil {
		return local(err.Error())
	}
	switch line {
	case "":
		return local("the file is empty")
	case "0":
		return fail(BadStatus, line)
	case "1":
		return pass()
	}
	r := wordsResult(line)
	if r.Reason == BadAnswer {
		return local("not understood: " + line)
	}
	return r
}

// readFirstLine returns the first line of a regular file. It does not wait, as opening a pipe
// would.
func readFirstLine(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New(path + " is not a file")
	}
	b, err := io.ReadAll(io.LimitReader(f, maxLine))
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line), err
}
