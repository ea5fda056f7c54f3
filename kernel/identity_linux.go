package kernel

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Identity names the network namespace s (a name, a path, pid:N, or empty for
// the caller's own) as long as it exists: the boot and the inode of the
// namespace. What is remembered about a table is remembered under it, because
// after a boot, or in another namespace, the table is another.
func Identity(s string) (string, error) {
	path, err := namespacePath(s)
	if err != nil {
		return "", err
	}
	if path == "" {
		path = "/proc/self/ns/net"
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return "", &Error{Op: "look at network namespace " + path, Err: err}
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s/%d", strings.TrimSpace(string(boot)), st.Ino), nil
}
