package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"lvs/cluster"
)

// filesTime is how long reading the files of a director may take. After that the disk is
// taken to hang, and the files in force stay so.
const filesTime = 30 * time.Second

// readAgain reads the files of a director, which reads them again later: only regular files
// can be. A pipe without a writer would keep it waiting.
func readAgain(ctx context.Context, names []string) (*cluster.Wanted, error) {
	inTime, cancel := context.WithTimeout(ctx, filesTime)
	defer cancel()
	w, err := readCluster(inTime, openRegular, names)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, fmt.Errorf("the files could not be read within %s: the disk does not answer", filesTime)
	}
	return w, err
}

// openRegular opens a file to read. It waits for no other process.
func openRegular(name string) (io.ReadCloser, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: it is no regular file: a director could not read it again", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
