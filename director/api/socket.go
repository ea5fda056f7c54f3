package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Variable is the environment variable that names another folder of sockets.
const Variable = "LVS_RUN_DIR"

// Folder returns the folder of the sockets: the value of LVS_RUN_DIR, /run/lvs for root,
// and lvs in XDG_RUNTIME_DIR for other users. Other users without that variable have
// /run/lvs, too, where they may look but not listen.
func Folder(env func(string) string, uid int) string {
	if dir := env(Variable); filepath.IsAbs(dir) {
		return dir
	}
	if dir := env("XDG_RUNTIME_DIR"); uid != 0 && filepath.IsAbs(dir) {
		return filepath.Join(dir, "lvs")
	}
	return "/run/lvs"
}

// Path returns the path of the socket for a table (kernel.Identity), so that every command
// that uses this table finds the director, however it came into the namespace.
func Path(folder, table string) string {
	name := table[strings.LastIndexByte(table, '/')+1:]
	return filepath.Join(folder, "director-"+name+".sock")
}

// Link is the name of a link to the socket of a director that works in the network
// namespace of its own process. It is for people and other programs.
const Link = "director.sock"

// maxPath is the length of the longest path of a unix socket (unix(7): 108 bytes with the
// byte 0 at the end).
const maxPath = 107

// PathError means that a path cannot be that of a socket.
type PathError struct{ Path string }

func (e *PathError) Error() string {
	return fmt.Sprintf("socket %s: the path has %d bytes, and a socket's path may have %d", e.Path, len(e.Path), maxPath)
}

// RunningError means that another director has the socket.
type RunningError struct{ Path string }

func (e *RunningError) Error() string { return "socket " + e.Path + ": another director listens there" }

// FolderError means that another user could replace the socket.
type FolderError struct{ Path string }

func (e *FolderError) Error() string {
	return "folder " + e.Path + ": another user owns it or may write to it"
}

// Listener is the socket of a director.
type Listener struct {
	net.Listener
	lock *os.File
	link string
}

// Listen opens a socket that only this user and root can use. It creates its folder, and
// replaces a socket that a dead director has left. A link gets the name of the socket; an
// empty one is not made. Call it before other goroutines create files: it changes the umask
// of the process for a moment.
func Listen(path, link string) (*Listener, error) {
	if len(path) > maxPath {
		return nil, &PathError{path}
	}
	if err := ownFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	lock, err := lockSocket(path)
	if err != nil {
		return nil, err
	}
	l, err := listenOnly(path)
	if err != nil {
		lock.Close()
		return nil, err
	}
	out := &Listener{Listener: &guarded{UnixListener: l, free: slots(maxConns)}, lock: lock}
	if link != "" && link != path {
		if err := replaceLink(path, link); err != nil {
			out.Close()
			return nil, err
		}
		out.link = link
	}
	return out, nil
}

// listenOnly opens the socket with mode 0600. One that is there is replaced if nobody
// answers.
func listenOnly(path string) (*net.UnixListener, error) {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode().Type() != fs.ModeSocket {
			return nil, fmt.Errorf("%s: it exists and is no socket", path)
		}
		c, err := net.DialTimeout("unix", path, time.Second)
		switch {
		case err == nil:
			c.Close()
			return nil, &RunningError{path}
		case !errors.Is(err, syscall.ECONNREFUSED):
			return nil, err
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	old := syscall.Umask(0o177)
	defer syscall.Umask(old)
	return net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
}

// Close removes the socket and its link.
func (l *Listener) Close() error {
	if l.link != "" {
		if to, err := os.Readlink(l.link); err == nil && to == filepath.Base(l.Addr().String()) {
			_ = os.Remove(l.link)
		}
		l.link = ""
	}
	err := l.Listener.Close()
	_ = l.lock.Close()
	return err
}

// ownFolder creates the folder, and checks that nobody else can replace what is in it.
func ownFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	owned := ok && (int(st.Uid) == os.Geteuid() || st.Uid == 0)
	if !info.IsDir() || !owned || info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return &FolderError{dir}
	}
	return nil
}

// lockSocket takes the lock that the director of a socket holds until it ends.
func lockSocket(path string) (*os.File, error) {
	name := strings.TrimSuffix(path, ".sock") + ".lock"
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		f.Close()
		return nil, &RunningError{path}
	case err != nil:
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return f, nil
}

// replaceLink makes link lead to the socket in the same folder. A socket or file of that
// name is left alone.
func replaceLink(path, link string) error {
	if info, err := os.Lstat(link); err == nil && info.Mode().Type() != fs.ModeSymlink {
		return fmt.Errorf("%s: it exists and is no link", link)
	}
	next := link + ".new"
	_ = os.Remove(next)
	if err := os.Symlink(filepath.Base(path), next); err != nil {
		return err
	}
	return os.Rename(next, link)
}

// maxConns is how many connections are open at a time. Others are closed at once.
const maxConns = 64

func slots(n int) chan struct{} { return make(chan struct{}, n) }

// guarded accepts connections of root and of the user that listens, up to a number.
type guarded struct {
	*net.UnixListener
	free chan struct{}
}

// Accept returns the next connection of a process that may use the socket.
func (g *guarded) Accept() (net.Conn, error) {
	for {
		c, err := g.AcceptUnix()
		if err != nil {
			return nil, err
		}
		uid, err := peer(c)
		if err != nil || uid != 0 && uid != os.Geteuid() {
			c.Close()
			continue
		}
		select {
		case g.free <- struct{}{}:
			return &conn{UnixConn: c, uid: uid, free: g.free}, nil
		default:
			c.Close()
		}
	}
}

// conn is a connection of a known user.
type conn struct {
	*net.UnixConn
	uid  int
	free chan struct{}
}

// Close closes the connection once. The server may call it again.
func (c *conn) Close() error {
	err := c.UnixConn.Close()
	if err == nil {
		<-c.free
	}
	return err
}
