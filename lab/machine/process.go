package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	silence     = 90 * time.Second // without any event for so long, the guest hangs
	farewell    = 10 * time.Second // limit from the last event to the end of the process
	consoleTail = 4 << 10          // bytes of the console kept for error messages
)

// guestProcess is a running kernel (or a namespace on the host) as a process,
// and the stream on which it reports.
type guestProcess struct {
	cmd     *exec.Cmd
	link    io.ReadCloser
	console *tail
	boot    time.Duration // limit until the first event
	group   bool          // the process leads a group of its own, which ends with it
}

// run starts the process and passes its events on until it ends.
func (g *guestProcess) run(ctx context.Context, see func(Event)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	exited := make(chan error, 1)
	started := make(chan error, 1)
	go func() {
		// The kernel kills the guest if the thread that started it ends, so
		// that a killed lab leaves nothing running.
		runtime.LockOSThread()
		err := g.cmd.Start()
		started <- err
		if err == nil {
			exited <- g.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return errors.Join(err, g.link.Close())
	}
	for _, f := range g.cmd.ExtraFiles {
		f.Close() // the guest has a copy; this one would keep the link open
	}

	watch := time.AfterFunc(g.boot, func() { cancel(fmt.Errorf("the guest did not boot within %s", g.boot)) })
	defer watch.Stop()
	unblock := context.AfterFunc(ctx, func() {
		g.kill()
		g.link.Close()
	})
	defer unblock()

	done, err := g.follow(see, watch, cancel)
	if !done {
		// The stream ended early. The reason is the context's, or on the
		// console.
		g.kill()
		<-exited
		if cause := context.Cause(ctx); cause != nil {
			return g.explain(cause)
		}
		return g.explain(errors.Join(errors.New("the guest ended before its commands did"), err))
	}
	select {
	case <-exited:
		return nil
	case <-time.After(farewell):
		g.kill() // everything was received: that it cannot halt does no harm
		<-exited
		return nil
	}
}

// follow passes events on and reports whether the last one was Done. A guest that
// is silent is cancelled; watch limits its boot.
func (g *guestProcess) follow(
	see func(Event), watch *time.Timer, cancel context.CancelCauseFunc,
) (done bool, err error) {
	for {
		e, err := readFrame(g.link)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return false, err
		}
		if e.Kind == Booted {
			watch.Stop()
			watch = time.AfterFunc(silence, func() { cancel(fmt.Errorf("the guest hangs: silent for %s", silence)) })
			defer watch.Stop()
		}
		watch.Reset(silence)
		switch e.Kind {
		case Alive:
		case Done:
			return true, nil
		default:
			see(e)
		}
	}
}

// kill ends the process, and its group if it leads one.
func (g *guestProcess) kill() {
	pid := g.cmd.Process.Pid
	if g.group {
		pid = -pid
	}
	syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
}

// explain adds the end of the console's output to an error.
func (g *guestProcess) explain(err error) error {
	text := strings.TrimSpace(g.console.String())
	if text == "" {
		return err
	}
	return fmt.Errorf("%w; the end of the console:\n%s", err, text)
}

// attributes returns the attributes of a guest process. With a terminal it stays
// in the lab's process group, which may read the keyboard.
func attributes(terminal bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: !terminal, Pdeathsig: syscall.SIGKILL}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if extra := len(t.buf) - consoleTail; extra > 0 {
		t.buf = append(t.buf[:0], t.buf[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}

// scratch creates a folder for one run.
func scratch() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "lvs-lab-")
	return dir, func() { os.RemoveAll(dir) }, err
}
