package machine

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// virtioPort is the guest's end of the link in QEMU.
const virtioPort = "/dev/vport0p1"

// loadPort loads what a virtio port needs. Other kinds of line are built in.
func loadPort(path string) error {
	if path != virtioPort {
		return nil
	}
	if err := os.Setenv("PATH", guestPath); err != nil {
		return err
	}
	for _, module := range []string{"virtio_pci", "virtio_console"} {
		if out, err := exec.Command("modprobe", module).CombinedOutput(); err != nil {
			return fmt.Errorf("modprobe %s: %w: %s", module, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
