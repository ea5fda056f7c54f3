package kernel

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Identity returns a text that identifies the network namespace s (a name, a path, pid:N,
// or empty for that of the caller): the boot ID and the namespace's number. State about
// a table is stored under it, because after a boot, or in another namespace, the table is
// another.
//
// The kernel gives a number, the cookie, to each namespace and never gives it again
// before the next boot (Linux 5.14 and later). An older kernel only has the inode, which
// the next namespace often gets when one is deleted; Lasting reports which it is. The
// cookie of another namespace needs the privilege to enter it before Linux 6.18.
func Identity(s string) (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(boot)) + "/"
	if s == "" {
		number, err := cookie()
		if err == nil {
			return id + cookieMark + strconv.FormatUint(number, 10), nil
		}
		s = "/proc/thread-self/ns/net" // /proc/self is that of the first thread
	}
	ns, err := openNamespace(s)
	if err != nil {
		return "", err
	}
	defer ns.close()
	number, err := ns.number()
	if err == nil {
		return id + cookieMark + strconv.FormatUint(number, 10), nil
	}
	if !errors.Is(err, unix.ENOPROTOOPT) {
		return "", err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(ns.handle), &st); err != nil {
		return "", &Error{Op: openOp(s), Err: err}
	}
	return id + strconv.FormatUint(st.Ino, 10), nil
}

// number returns the cookie of a namespace. ENOPROTOOPT means that the kernel has none.
func (n namespace) number() (number uint64, err error) {
	// Without entering it: Linux 6.18 and later, where both numbers are the same.
	_, _, failed := unix.Syscall(unix.SYS_IOCTL, uintptr(n.handle), unix.NS_GET_ID, uintptr(unsafe.Pointer(&number)))
	if failed == 0 {
		return number, nil
	}
	err = n.do(func() error {
		number, err = cookie()
		return err
	})
	return number, err
}

// cookie returns the cookie of the caller's namespace.
func cookie() (uint64, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("identify the network namespace: %w", err)
	}
	defer unix.Close(fd)
	number, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return 0, fmt.Errorf("identify the network namespace: %w", err)
	}
	return number, nil
}
