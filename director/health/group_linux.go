package health

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// runGroup runs a program as the leader of a process group, in a network namespace, until it
// ends or the context does. Then the group is killed. The program is also killed if this one
// is.
func runGroup(ctx context.Context, cmd *exec.Cmd, netns string) (timedOut bool, err error) {
	err = inNetns(netns, func() error {
		// The kernel sends Pdeathsig when the thread ends that started the program (prctl(2)).
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			return err
		}
		timedOut = awaitGroup(ctx, cmd.Process.Pid)
		return cmd.Wait()
	})
	return timedOut, err
}

// awaitGroup waits for the end of the leader of a group, kills the group, and leaves the
// leader for wait(2): until then the kernel gives its number to nobody else.
func awaitGroup(ctx context.Context, leader int) (timedOut bool) {
	kill := func() { syscall.Kill(-leader, syscall.SIGKILL) }
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		kill()
		close(killed)
	})
	for {
		err := unix.Waitid(unix.P_PID, leader, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if stop() {
		kill()
		return false
	}
	<-killed
	return true
}
