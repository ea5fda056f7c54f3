package health

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNetns asks a server in another network namespace, and looks at what it sees: the source
// that the probe has, and the PROXY header. A mark needs the same privilege, and is not seen.
func TestNetns(t *testing.T) {
	path, l := otherNamespace(t)
	peers := make(chan string, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 100)
			n, _ := c.Read(buf)
			host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
			peers <- fmt.Sprintf("%s %q", host, buf[:n])
			c.Write([]byte("ready"))
			c.Close()
		}
	}()
	p := Probe{Spec: Spec{Kind: TCP, Expect: "ready", ProxyProtocol: 2}, Timing: patience(pass())}
	p.Netns, p.Mark, p.Source = path, 7, netip.MustParseAddr("127.0.0.9")
	p.Addr = l.Addr().(*net.TCPAddr).AddrPort()
	eachWay(t, p, pass())
	for range 2 {
		if got, want := <-peers, fmt.Sprintf("127.0.0.9 %q", proxyHeader(2)); got != want {
			t.Errorf("the server sees %s, want %s", got, want)
		}
	}
	p.Netns = ""
	eachWay(t, p, fail(Refused, "connection refused")) // it is only there
	p.Netns = path + "x"
	eachWay(t, p, local("network namespace "+path+"x: no such file or directory"))
	p.Netns, p.Source = path, netip.MustParseAddr("192.0.2.1")
	eachWay(t, p, local("cannot assign requested address"))
}

// otherNamespace makes a network namespace with a listener.
func otherNamespace(t *testing.T) (path string, l net.Listener) {
	t.Helper()
	made, end := make(chan error), make(chan struct{})
	t.Cleanup(func() { close(end) })
	go func() {
		runtime.LockOSThread() // the thread ends with this goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			path = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
			err = loopbackUp()
		}
		if err == nil {
			l, err = net.Listen("tcp4", "127.0.0.1:0")
		}
		made <- err
		<-end
	}()
	if err := <-made; errors.Is(err, os.ErrPermission) {
		t.Skip("needs root: ", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return path, l
}

// loopbackUp lets packets through lo of the present namespace.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
