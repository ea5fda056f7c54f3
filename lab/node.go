package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Node is a machine of a cluster: a named network namespace.
type Node struct {
	Name         string // in the cluster: client1, director, server2
	NetNS        string // the name of the namespace, for `ip netns exec` and --netns
	Namespace           // Do runs code in it
	Addr4, Addr6 netip.Addr

	vip   bool // has the virtual addresses
	link  *Node
	ports []string // of the link's bridges, to which the node is connected
}

func (c *Cluster) newNode(name string) (*Node, error) {
	n := &Node{Name: name, NetNS: c.prefix + "-" + name}
	if out, err := exec.Command("ip", "netns", "add", n.NetNS).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("ip netns add %s: %w: %s", n.NetNS, err, out)
	}
	c.nodes = append(c.nodes, n)
	ns, err := openNamespace(filepath.Join("/run/netns", n.NetNS))
	if err != nil {
		return nil, err
	}
	n.Namespace = *ns
	// A new namespace may inherit settings of the host.
	for key, value := range map[string]string{
		"net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.default.rp_filter": "0",
		"net.ipv4.conf.all.send_redirects": "0", "net.ipv4.conf.default.send_redirects": "0",
		"net.ipv6.conf.default.accept_dad": "0", "net.ipv6.conf.all.disable_ipv6": "0",
		"net.ipv6.conf.default.accept_ra": "0", "net.ipv4.ip_forward": "0",
	} {
		if err := n.Sysctl(key, value); err != nil {
			return nil, err
		}
	}
	return n, n.ip("link set lo up")
}

// plug connects a node to a bridge with an interface of the given name.
func (c *Cluster) plug(n *Node, bridge, name string) error {
	c.ports++
	port := fmt.Sprint("port", c.ports)
	n.link, n.ports = c.link, append(n.ports, port)
	return errors.Join(
		c.link.ip(
			fmt.Sprintf("link add %s type veth peer name %s netns %s", port, name, n.NetNS),
			fmt.Sprintf("link set %s master %s up", port, bridge),
		),
		n.ip(fmt.Sprintf("link set %s up", name)),
	)
}

// Cable pulls the cables of the node out of the switch, or puts them in again.
func (n *Node) Cable(in bool) error {
	state := map[bool]string{true: "up", false: "down"}[in]
	var commands []string
	for _, port := range n.ports {
		commands = append(commands, fmt.Sprintf("link set %s %s", port, state))
	}
	return n.link.ip(commands...)
}

// Run runs a program in the node's namespace and returns its output.
func (n *Node) Run(name string, args ...string) (string, error) {
	return n.RunInput("", name, args...)
}

// RunInput is Run with an input for the program.
func (n *Node) RunInput(input, name string, args ...string) (string, error) {
	var out bytes.Buffer
	err := n.Do(func() error {
		// The new process has the namespace of the thread that starts it.
		cmd := exec.Command(name, args...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &out
		return cmd.Run()
	})
	if err != nil {
		command := name + " " + strings.Join(args, " ")
		err = fmt.Errorf("%s: %s: %w: %s", n.Name, command, err, strings.TrimSpace(out.String()))
	}
	return out.String(), err
}

// ip runs commands of ip(8), all in one process.
func (n *Node) ip(commands ...string) error {
	_, err := n.RunInput(strings.Join(commands, "\n")+"\n", "ip", "-batch", "-")
	if err != nil {
		return fmt.Errorf("%w (of %q)", err, commands)
	}
	return nil
}

// Sysctl sets one setting of the node, whose name has dots.
func (n *Node) Sysctl(key, value string) error {
	path := filepath.Join("/proc/sys", strings.ReplaceAll(key, ".", "/"))
	return n.Do(func() error {
		if err := os.WriteFile(path, []byte(value), 0); err != nil {
			return fmt.Errorf("%s: sysctl %s=%s: %w", n.Name, key, value, err)
		}
		return nil
	})
}

// ReadProc reads a file in /proc/net of the node, such as "ip_vs_conn".
func (n *Node) ReadProc(name string) (string, error) {
	var text []byte
	err := n.Do(func() (err error) {
		text, err = os.ReadFile(filepath.Join("/proc/thread-self/net", name))
		return err
	})
	return string(text), err
}

func (n *Node) remove() error {
	var errs []error
	if n.file != nil {
		errs = append(errs, n.file.Close())
	}
	if out, err := exec.Command("ip", "netns", "del", n.NetNS).CombinedOutput(); err != nil {
		errs = append(errs, fmt.Errorf("ip netns del %s: %w: %s", n.NetNS, err, out))
	}
	return errors.Join(errs...)
}

const (
	clientPatience = 5 * time.Second
	answerLimit    = 1 << 20 // bytes
)

// Dial opens a connection from the node.
func (n *Node) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := n.Do(func() (err error) {
		conn, err = (&net.Dialer{Timeout: clientPatience}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Get requests a URL over a new connection and returns the body of the answer. The URL
// must have an address, not a name.
func (n *Node) Get(url string) (string, error) {
	transport := &http.Transport{DialContext: n.Dial, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: clientPatience}
	answer, err := client.Get(url)
	if err != nil {
		return "", fmt.Errorf("%s: %w", n.Name, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", n.Name, url, answer.Status)
	}
	return string(body), err
}

// Echo sends one datagram from a new port and returns the answer.
func (n *Node) Echo(to netip.AddrPort, text string) (string, error) {
	conn, err := n.Dial(context.Background(), "udp", to.String())
	if err != nil {
		return "", fmt.Errorf("%s: %w", n.Name, err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(clientPatience)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte(text)); err != nil {
		return "", fmt.Errorf("%s: %w", n.Name, err)
	}
	buf := make([]byte, 64<<10)
	size, err := conn.Read(buf)
	if err != nil {
		return "", fmt.Errorf("%s: %w", n.Name, err)
	}
	return string(buf[:size]), nil
}
