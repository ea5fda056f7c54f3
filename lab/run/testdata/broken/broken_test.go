// Package broken has tests that do not pass, to see how the lab reports them:
//
//	bin/lab test -timeout 5s -run … ./lab/run/testdata/broken
package broken

import (
	"os"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

func TestPasses(t *testing.T) { lab.Need(t); t.Log("not shown") }

func TestFails(t *testing.T) {
	lab.Need(t)
	t.Run("deep", func(t *testing.T) { t.Error("shown, with its line") })
}

func TestSkipsAfterNeed(t *testing.T) { lab.Need(t); t.Skip("for a bad reason") }

func TestSkipsForAnOldKernel(t *testing.T) {
	lab.Need(t, lab.Feature{Name: "time travel", Major: 99, Minor: 1})
}

func TestHangs(t *testing.T) {
	lab.Need(t)
	if os.Getenv(lab.KindVariable) != "" {
		time.Sleep(time.Hour)
	}
}

func TestPanicsTheKernel(t *testing.T) {
	if os.Getenv(lab.KindVariable) == "host" {
		t.Skip("the host's kernel is not for that")
	}
	lab.Need(t)
	if err := os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0); err != nil {
		t.Log(err)
		syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	}
}
