package health

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// askFile reads what a file says about the server now. Without the file nothing is said
// against the server; an empty file is maintenance, so that touch(1) and rm(1) are enough.
// Else its first line has the words of parseWords, or 0 for down and 1 for up. What the line
// does not say is not so: unlike an agent's words, they do not last longer than the file.
//
// A file that cannot be read or understood is a fault of this machine, and changes no verdict.
func askFile(_ context.Context, q *question) Result {
	line, err := readFirstLine(q.File)
	if errors.Is(err, fs.ErrNotExist) {
		return stated(pass(), "")
	}
	if err != nil {
		return local(err.Error())
	}
	switch line {
	case "":
		r := stated(pass(), "")
		r.Agent.Admin = "maint"
		return r
	case "0":
		return stated(fail(BadStatus, line), line)
	case "1":
		return stated(pass(), line)
	}
	r := wordsResult(line)
	if r.Agent == nil {
		return local("not understood: " + line)
	}
	if r.Agent.Percent < 0 {
		r.Agent.Percent = 100
	}
	if r.Agent.Admin == "" {
		r.Agent.Admin = "ready"
	}
	return r
}

// stated returns a result with a state that asks for nothing.
func stated(r Result, line string) Result {
	r.Agent = &AgentWords{Percent: 100, Weight: -1, Admin: "ready", Words: line}
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
