package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Checker is a program that takes failed servers out of a director's table and puts them
// back.
type Checker struct {
	Name string
	// About is how it is set.
	About string
	// Start runs it on the director of a cluster with direct routing, for a service on port
	// 80 of VIP4 with all servers, which it checks by HTTP. Its files are in dir.
	Start func(c *Cluster, dir string) (*Daemon, error)
}

// Keepalived is keepalived with its own timing, which is what its manual page says for
// settings that are left out.
func Keepalived() Checker {
	return Checker{"keepalived", "as it is installed", func(c *Cluster, dir string) (*Daemon, error) {
		return c.keepalived(dir, "", "")
	}}
}

// QuickKeepalived is keepalived with the times of the director.
func QuickKeepalived() Checker {
	return Checker{"keepalived, 2 s", "delay_loop 2, connect_timeout 1, retry 2, delay_before_retry 0.5",
		func(c *Cluster, dir string) (*Daemon, error) {
			return c.keepalived(dir, "delay_loop 2\n", "connect_timeout 1\nretry 2\ndelay_before_retry 0.5\n")
		}}
}

func (c *Cluster) keepalived(dir, service, check string) (*Daemon, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "virtual_server %s 80 {\n%sprotocol TCP\nlvs_sched rr\nlvs_method DR\n", c.VIP4, service)
	for _, s := range c.Servers {
		fmt.Fprintf(&b, "real_server %s 80 {\nHTTP_GET {\nurl {\npath /\nstatus_code 200\n}\n%s}\n}\n", s.Addr4, check)
	}
	b.WriteString("}\n")
	return c.Director.KeepalivedWith(dir, b.String())
}

// KeepalivedWith runs keepalived's checkers with a configuration. Its files are in dir.
func (n *Node) KeepalivedWith(dir, text string) (*Daemon, error) {
	conf, err := write(dir, "keepalived.conf", text)
	if err != nil {
		return nil, err
	}
	return n.Daemon(exec.Command("keepalived", "--check", "--dont-fork", "--log-console", "--use-file", conf,
		"--pid", filepath.Join(dir, "pid"), "--checkers_pid", filepath.Join(dir, "checkers")))
}

// Ldirectord is ldirectord with its own timing.
func Ldirectord() Checker {
	return Checker{"ldirectord", "as it is installed", func(c *Cluster, dir string) (*Daemon, error) {
		return c.ldirectord(dir, "")
	}}
}

// QuickLdirectord is ldirectord with the times of the director.
func QuickLdirectord() Checker {
	return Checker{"ldirectord, 2 s", "checkinterval=2, negotiatetimeout=1, failurecount=3",
		func(c *Cluster, dir string) (*Daemon, error) {
			return c.ldirectord(dir, "checkinterval=2\nnegotiatetimeout=1\nfailurecount=3\n")
		}}
}

func (c *Cluster) ldirectord(dir, times string) (*Daemon, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%sautoreload=no\nsupervised=yes\nvirtual=%s:80\n", times, c.VIP4)
	for _, s := range c.Servers {
		fmt.Fprintf(&b, "\treal=%s:80 gate\n", s.Addr4)
	}
	b.WriteString("\tservice=http\n\tchecktype=negotiate\n\trequest=\"/\"\n\tscheduler=rr\n\tprotocol=tcp\n")
	conf, err := write(dir, c.Director.NetNS+".cf", b.String()) // it names its pid file after it
	if err != nil {
		return nil, err
	}
	return c.Director.Daemon(InPlace(nil, "ldirectord", conf, "start"))
}

// Director is lvs director run. program is the path of lvs.
func Director(program string) Checker {
	return Checker{"lvs director", "as it is installed", func(c *Cluster, dir string) (*Daemon, error) {
		conf, err := c.WriteFile(dir)
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(program, "director", "run", "-f", conf)
		cmd.Env = append(os.Environ(), "LVS_STATE_DIR="+filepath.Join(dir, "state"), "LVS_RUN_DIR="+dir)
		return c.Director.Daemon(cmd)
	}}
}

// WriteFile writes a cluster file with the service of the checkers.
func (c *Cluster) WriteFile(dir string) (path string, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: lvs/v1\nkind: Cluster\nname: web\nservices:\n- name: web\n  address: tcp://%s:80\n"+
		"  scheduler: rr\n  forward: direct\n  check: {type: http}\n  servers:\n", c.VIP4)
	for _, s := range c.Servers {
		fmt.Fprintf(&b, "  - %s\n", s.Addr4)
	}
	return write(dir, "cluster.yaml", b.String())
}

func write(dir, name, text string) (path string, err error) {
	path = filepath.Join(dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// InPlace returns a command for which some files are replaced: mounts has the new file by
// path. It has private mounts, so that no other process sees this, and an empty /var.
func InPlace(mounts map[string]string, argv ...string) *exec.Cmd {
	const script = `set -e
mkdir -p /var
mount -t tmpfs tmpfs /var
mkdir -p /var/log /var/lock/subsys
ln -s /run /var/run
while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done
shift
exec "$@"`
	args := []string{"-c", script, "sh"}
	for path, file := range mounts {
		args = append(args, file, path)
	}
	cmd := exec.Command("sh", append(append(args, "--"), argv...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	return cmd
}
