//go:build !linux

package health

import (
	"context"
	"errors"
	"os/exec"
	"syscall"
)

// runGroup is the plain way, for systems on which only the tests of contributors run.
func runGroup(ctx context.Context, cmd *exec.Cmd, netns string) (timedOut bool, err error) {
	if netns != "" {
		return false, errors.New("network namespaces need Linux")
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	kill := func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	stop := context.AfterFunc(ctx, kill)
	err = cmd.Wait()
	return !stop(), err
}
