package lab_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"lvs/lab"
)

// These tests run the examples with a director and with the programs that they are for: a
// server dies, and comes back.

// exampleRun is a director with an example. Each of its asks uses one of the services.
type exampleRun struct {
	t        *testing.T
	cluster  *lab.Cluster
	director *runningDirector
	asks     map[string]func() error
}

func newExample(t *testing.T, c *lab.Cluster, file string) *exampleRun {
	t.Helper()
	return &exampleRun{t: t, cluster: c, director: startDirector(t, c.Director, "../examples/"+file),
		asks: map[string]func() error{}}
}

// works uses every service several times.
func (e *exampleRun) works(when string) {
	e.t.Helper()
	for name, ask := range e.asks {
		for range 2 * len(e.cluster.Servers) {
			if err := ask(); err != nil {
				e.t.Errorf("%s, %s: %v", when, name, err)
			}
		}
	}
}

// survives kills programs of a server, waits until it has no weight in their services, and
// starts them again. The services work all the time.
func (e *exampleRun) survives(address netip.Addr, programs ...*lab.Running) {
	e.t.Helper()
	const patience = 60 * time.Second
	e.director.up(patience)
	e.works("at the start")
	for _, p := range programs {
		if err := p.Kill(); err != nil {
			e.t.Fatal(err)
		}
	}
	e.director.masked(patience, address.String())
	e.works("without " + address.String())
	for _, p := range programs {
		if err := p.Start(); err != nil {
			e.t.Fatal(err)
		}
	}
	e.director.up(patience)
	e.works("at the end")
}

// exampleCluster returns a cluster with the address of the examples, in which clients that
// were bound to a failed server are free.
func exampleCluster(t *testing.T, o lab.Options) *lab.Cluster {
	t.Helper()
	o.VIP4 = netip.MustParseAddr("192.0.2.10")
	c := lab.NewCluster(t, o)
	for _, name := range []string{"expire_nodest_conn", "expire_quiescent_template", "sloppy_tcp"} {
		if err := c.Director.Sysctl("net.ipv4.vs."+name, "1"); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// shell runs lines of shell commands on a node.
func shell(t *testing.T, n *lab.Node, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if _, err := n.Run("sh", "-c", line); err != nil {
			t.Fatal(err)
		}
	}
}

func TestProgramExampleWeb(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := exampleCluster(t, lab.Options{Servers: 3, Forward: lab.Direct})
	certificate, key, err := lab.Certificate(30 * 24 * time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var programs []*lab.Running
	for _, s := range c.Servers {
		p := lab.Nginx(fmt.Sprintf("listen 80; listen 443 ssl;\n"+
			"ssl_certificate /etc/web.crt; ssl_certificate_key /etc/web.key;\n"+
			"location / { return 200 %s; }\nlocation /ready { return 200 ok; }", s.Name), 80, 443)
		programs = append(programs, lab.NewProgram(t, &s.Namespace,
			p.With(map[string]string{"etc/web.crt": certificate, "etc/web.key": key})))
	}
	e := newExample(t, c, "web.yaml")
	e.asks["http"] = func() error { return expectPage(c.Clients[0], "http://192.0.2.10/", nil, "server") }
	e.asks["https"] = func() error { return expectPage(c.Clients[0], "https://192.0.2.10/", nil, "server") }
	e.survives(c.Servers[0].Addr4, programs[0])
}

func TestProgramExampleContent(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := exampleCluster(t, lab.Options{Clients: 2, Servers: 5, Forward: lab.Direct})
	config, err := os.ReadFile("../examples/content.cfg")
	if err != nil {
		t.Fatal(err)
	}
	var proxies, pictures []*lab.Running
	for i, s := range c.Servers[3:] { // the example has them at 10.0.0.21 and 10.0.0.22
		shell(t, s.Node, fmt.Sprintf("ip addr add 10.0.0.2%d/24 dev eth0", i+1))
		lab.NewProgram(t, &s.Namespace, lab.Nginx("listen 8080; return 200 page;", 8080))
		pictures = append(pictures, lab.NewProgram(t, &s.Namespace, lab.Nginx("listen 8081; return 200 picture;", 8081)))
	}
	for _, s := range c.Servers[:3] {
		p := lab.HAProxy("", 80, 8404).With(map[string]string{"etc/haproxy/haproxy.cfg": string(config)})
		proxies = append(proxies, lab.NewProgram(t, &s.Namespace, p))
	}
	e := newExample(t, c, "content.yaml")
	e.asks["pages"] = func() error { return expectPage(c.Clients[0], "http://192.0.2.10/index.html", nil, "page") }
	e.asks["pictures"] = func() error {
		return expectPage(c.Clients[1], "http://192.0.2.10/pictures/1.png", nil, "picture")
	}
	e.survives(c.Servers[0].Addr4, proxies[0])
	// One group of servers with half of its machines is enough for HAProxy to be ready.
	if err := pictures[0].Kill(); err != nil {
		t.Fatal(err)
	}
	e.survives(c.Servers[1].Addr4, proxies[1])
}

func TestProgramExampleMail(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := exampleCluster(t, lab.Options{Servers: 2, Forward: lab.NAT})
	var first []*lab.Running
	for i, s := range c.Servers {
		running := []*lab.Running{
			lab.NewProgram(t, &s.Namespace, lab.Postfix("")),
			lab.NewProgram(t, &s.Namespace, lab.Dovecot("")),
			lab.NewProgram(t, &s.Namespace, exampleDirectory()),
		}
		if i == 0 {
			first = running
		}
	}
	e := newExample(t, c, "mail.yaml")
	client := c.Clients[0]
	e.asks["smtp"] = func() error { return greets(client, 25, "220 ", "QUIT\r\n") }
	e.asks["imap"] = func() error { return greets(client, 143, "* OK", "a LOGOUT\r\n") }
	e.asks["pop3"] = func() error { return greets(client, 110, "+OK", "QUIT\r\n") }
	e.asks["ldap"] = func() error { return binds(client, 389) }
	e.survives(c.Servers[0].Addr4, first...)
}

// exampleDirectory is slapd with the suffix of the example.
func exampleDirectory() lab.Program {
	p := lab.Slapd("")
	suffix := strings.NewReplacer("dc=lab", "dc=example,dc=com", "dc: lab", "dc: example")
	files := map[string]string{}
	for name, text := range p.Files {
		files[name] = suffix.Replace(text)
	}
	return p.With(files)
}

func TestProgramExampleCache(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := exampleCluster(t, lab.Options{Clients: 2, Servers: 3, Forward: lab.Tunnel})
	client, origin := c.Clients[0], c.Clients[1]
	const local = "ip route add local default dev lo table 80"
	shell(t, origin, "ip addr add 203.0.113.80/32 dev lo", "ip route add 10.0.0.0/16 dev eth0")
	lab.NewProgram(t, &origin.Namespace, lab.Nginx("listen 80; return 200 origin;", 80))
	shell(t, client, "ip route add default via 198.51.100.1")
	shell(t, c.Director, "tc qdisc add dev eth0 clsact",
		"tc filter add dev eth0 ingress protocol ip flower ip_proto tcp dst_port 80 action skbedit mark 80",
		"ip rule add fwmark 80 lookup 80", local, "ip route add 10.0.9.0/24 via "+c.Servers[2].Addr4.String())
	var programs []*lab.Running
	for i, s := range c.Servers {
		from := "eth0"
		if i == 2 {
			from = "tunl0"
			shell(t, s.Node, "ip addr add 10.0.9.13/32 dev lo")
		}
		shell(t, s.Node, "ip rule add iif "+from+" ipproto tcp dport 80 lookup 80", local,
			fmt.Sprintf("ip route add 203.0.113.80 via %s", origin.Addr4))
		programs = append(programs, lab.NewProgram(t, &s.Namespace,
			lab.Squid("http_access allow all\nhttp_port 80 tproxy\nspoof_client_ip deny all")))
	}
	e := newExample(t, c, "cache.yaml")
	const page = "http://203.0.113.80/page"
	e.asks["proxy"] = func() error {
		return expectPage(client, page, &url.URL{Scheme: "http", Host: "192.0.2.10:3128"}, "origin")
	}
	e.asks["transparent"] = func() error { return expectPage(client, page, nil, "origin") }
	e.survives(c.Servers[0].Addr4, programs[0])
	for i, p := range programs {
		if !strings.Contains(p.Log(), page) {
			t.Errorf("cache %d got no request", i+1)
		}
	}
	e.survives(netip.MustParseAddr("10.0.9.13"), programs[2])
}

// expectPage requests a page over a new connection, perhaps through a proxy. The answer
// must begin with a text.
func expectPage(n *lab.Node, page string, proxy *url.URL, want string) error {
	transport := &http.Transport{DialContext: n.Dial, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	if proxy != nil {
		transport.Proxy = http.ProxyURL(proxy)
	}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	answer, err := client.Get(page)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && !bytes.HasPrefix(body, []byte(want)) {
		err = fmt.Errorf("%s: %s: %.200q", page, answer.Status, body)
	}
	return err
}

// withService opens a connection to a port of the examples' address.
func withService(n *lab.Node, port int, talk func(net.Conn) error) error {
	conn, err := n.Dial(context.Background(), "tcp", fmt.Sprintf("192.0.2.10:%d", port))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	return talk(conn)
}

// greets reads a server's greeting and says goodbye.
func greets(n *lab.Node, port int, want, bye string) error {
	return withService(n, port, func(conn net.Conn) error {
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil && !strings.HasPrefix(line, want) {
			err = fmt.Errorf("the greeting is %q", line)
		}
		if err == nil {
			_, err = io.WriteString(conn, bye)
		}
		return err
	})
}

// binds logs in to an LDAP server as nobody.
func binds(n *lab.Node, port int) error {
	return withService(n, port, func(conn net.Conn) error {
		// A BindRequest of version 3, without name and password, and its success (RFC 4511).
		request := []byte{0x30, 0x0c, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0}
		success := []byte{0x30, 0x0c, 2, 1, 1, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0}
		if _, err := conn.Write(request); err != nil {
			return err
		}
		got := make([]byte, len(success))
		if _, err := io.ReadFull(conn, got); err != nil {
			return err
		}
		if !bytes.Equal(got, success) {
			return fmt.Errorf("the answer is % x", got)
		}
		return nil
	})
}
