package lab_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

// These tests delete servers and services that clients are talking to, in every way in
// which lvs deletes, and compare what the clients meet with what lvs says beforehand.

func TestDeletionNAT(t *testing.T)    { deletionTests(t, lab.NAT, "nat") }
func TestDeletionDirect(t *testing.T) { deletionTests(t, lab.Direct, "direct") }
func TestDeletionTunnel(t *testing.T) { deletionTests(t, lab.Tunnel, "tunnel") }

func deletionTests(t *testing.T, forward lab.Forward, word string) {
	t.Parallel()
	lab.Need(t)
	for _, nodest := range []string{"0", "1"} {
		t.Run("expire_nodest_conn="+nodest, func(t *testing.T) {
			t.Parallel()
			lab.Need(t)
			deletionTest(t, forward, word, nodest)
		})
	}
}

// protocols are those of the services that are deleted.
var protocols = []string{"tcp", "udp", "sctp"}

func deletionTest(t *testing.T, forward lab.Forward, word, nodest string) {
	w := newDeletion(t, forward, word)
	if err := w.director.Sysctl("net.ipv4.vs.expire_nodest_conn", nodest); err != nil {
		t.Fatal(err)
	}
	w.lvs("timeouts", "set", "--tcp", "3s", "--tcp-fin", "3s", "--udp", "3s")
	w.add(keptPort)
	for _, way := range []struct {
		name   string
		port   uint16
		delete func(options ...string) string
	}{
		{"server delete", 1, func(options ...string) string { return w.deleteServers(1, options...) }},
		{"service delete", 2, func(options ...string) string {
			return w.lvs(append([]string{"service", "delete", "--yes", w.id("tcp", 2), w.id("udp", 2), w.id("sctp", 2)},
				options...)...)
		}},
		{"apply --prune", 3, func(options ...string) string {
			return w.lvs(append([]string{"apply", "--yes", "--prune", "-f", w.file(keptPort)}, options...)...)
		}},
		{"restore", 4, func(options ...string) string {
			return w.lvs(append([]string{"restore", "--yes", "-f", w.text(keptPort)}, options...)...)
		}},
		{"undo", 5, func(options ...string) string { return w.lvs(append([]string{"undo", "--yes"}, options...)...) }},
	} {
		w.t.Log(way.name)
		w.add(way.port)
		flows := w.open(way.port)
		promised := w.promised(way.delete("--dry-run", "-o", "json"))
		way.delete()
		w.compare(way.name, flows, promised)
	}
	w.addedAgain(nodest)
	// The last services of IPv4: then IPVS does not see the packets.
	flows := w.open(keptPort)
	w.lvs("service", "add", "tcp://"+netip.AddrPortFrom(w.cluster.VIP6, 80).String())
	args := []string{"service", "delete", "--yes", w.id("tcp", keptPort), w.id("udp", keptPort), w.id("sctp", keptPort)}
	promised := w.promised(w.lvs(append(args, "--dry-run", "-o", "json")...))
	w.lvs(args...)
	w.compare("the last of the family", flows, promised)
	w.lvs("clear", "--yes")
	w.add(keptPort)
	flows = w.open(keptPort)
	promised = w.promised(w.lvs("clear", "--yes", "--dry-run", "-o", "json"))
	w.lvs("clear", "--yes")
	w.compare("clear", flows, promised)
}

// keptPort is the port of services that are not deleted.
const keptPort = 9

// addedAgain deletes servers and services and adds them again while their connections
// are still in the kernel: then those go on.
func (w *deletion) addedAgain(nodest string) {
	const port = 6
	want := map[string]string{"0": "same", "1": "new"}[nodest]
	w.lvs("timeouts", "set", "--tcp", "15m", "--tcp-fin", "2m", "--udp", "5m")
	for _, whole := range []bool{false, true} {
		w.add(port)
		flows := w.open(port)
		if whole {
			w.lvs("service", "delete", "--yes", w.id("tcp", port), w.id("udp", port), w.id("sctp", port))
		} else {
			w.deleteServers(port)
		}
		if nodest == "1" {
			w.none(flows)
		}
		w.add(port)
		for _, f := range flows {
			if f.protocol == "udp" && nodest == "1" {
				continue // moved, and perhaps to the same server
			}
			got := f.until(20*time.Second, func(met string) bool { return met != "silent" })
			if (got == "same") != (want == "same") {
				w.t.Errorf("added again (with its service: %v), %s: %s, want %s", whole, f.protocol, got, want)
			}
			f.conn.Close()
		}
		w.lvs("service", "delete", "--yes", w.id("tcp", port), w.id("udp", port), w.id("sctp", port))
	}
}

// none waits until the kernel has no entry of the flows.
func (w *deletion) none(flows []*flowing) {
	w.t.Helper()
	lab.Eventually(w.t, 10*time.Second, func() error {
		var all connectionList
		lvsJSON(w.t, w.director, &all, "connections")
		for _, c := range all.Items {
			for _, f := range flows {
				if c.Client == f.conn.LocalAddr().String() && strings.HasPrefix(c.Server, f.address) {
					return fmt.Errorf("still there: %+v", c)
				}
			}
		}
		return nil
	})
}

// deletion is a cluster whose services are deleted.
type deletion struct {
	t        *testing.T
	cluster  *lab.Cluster
	director *lab.Node
	forward  string
	dir      string
	deleted  map[string]string // server by service, for deleteServers
}

func newDeletion(t *testing.T, forward lab.Forward, word string) *deletion {
	c := lab.NewCluster(t, lab.Options{Servers: 2, Forward: forward})
	for _, s := range c.Servers {
		for port := uint16(1); port <= keptPort; port++ {
			if err := errors.Join(s.ServeTCP(port, lines(s)), s.ServeUDP(port), s.ServeSCTP(port, lines(s))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return &deletion{t: t, cluster: c, director: c.Director, forward: word, dir: t.TempDir(),
		deleted: map[string]string{}}
}

// lines answers each line with the server's name before it.
func lines(s *lab.Server) func(net.Conn) {
	return func(conn net.Conn) {
		conn.SetDeadline(time.Now().Add(time.Minute))
		for in := bufio.NewScanner(conn); in.Scan(); {
			fmt.Fprintf(conn, "%s %s\n", s.Name, in.Text())
		}
	}
}

func (w *deletion) lvs(args ...string) string {
	w.t.Helper()
	return drainLVS(w.t, w.director, w.dir, 0, args...)
}

func (w *deletion) id(protocol string, port uint16) string {
	return protocol + "://" + netip.AddrPortFrom(w.cluster.VIP4, port).String()
}

// add adds services of all protocols to a port, with both servers: one entry of the
// history. What exists stays.
func (w *deletion) add(port uint16) {
	w.t.Helper()
	w.lvs("apply", "-f", w.file(port))
}

// file writes a cluster file with the services of a port.
func (w *deletion) file(port uint16) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: lvs/v1\nkind: Cluster\ndefaults: {forward: %s, scheduler: rr}\nservices:\n", w.forward)
	for _, p := range protocols {
		fmt.Fprintf(&b, "- {name: %s%d, address: '%s', servers: [%v, %v]}\n", p, port, w.id(p, port),
			w.cluster.Servers[0].Addr4, w.cluster.Servers[1].Addr4)
	}
	return w.write(fmt.Sprintf("port%d.yaml", port), b.String())
}

// text writes the services of a port as lvs save does.
func (w *deletion) text(port uint16) string {
	flag := map[string]string{"nat": "-m", "direct": "-g", "tunnel": "-i"}[w.forward]
	var b strings.Builder
	for _, p := range protocols {
		service := fmt.Sprintf("--%s-service %v", p, netip.AddrPortFrom(w.cluster.VIP4, port))
		fmt.Fprintf(&b, "-A %s -s rr\n", service)
		for _, s := range w.cluster.Servers {
			fmt.Fprintf(&b, "-a %s -r %v:%d %s -w 1\n", service, s.Addr4, port, flag)
		}
	}
	return w.write(fmt.Sprintf("port%d.save", port), b.String())
}

func (w *deletion) write(name, text string) string {
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// deleteServers deletes the server of each flow of a port, and returns the output of the
// first.
func (w *deletion) deleteServers(port uint16, options ...string) string {
	w.t.Helper()
	var all struct {
		Items []json.RawMessage `json:"items"`
	}
	for _, p := range protocols {
		id := w.id(p, port)
		out := w.lvs(append([]string{"server", "delete", "--yes", id, w.deleted[id]}, options...)...)
		var one struct{ Items []json.RawMessage }
		if len(options) > 0 {
			if err := json.Unmarshal([]byte(out), &one); err != nil {
				w.t.Fatalf("%v: %s", err, out)
			}
		}
		all.Items = append(all.Items, one.Items...)
	}
	text, err := json.Marshal(all)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// open begins to talk to the services of a port, with each protocol.
func (w *deletion) open(port uint16) []*flowing {
	w.t.Helper()
	var flows []*flowing
	for _, p := range protocols {
		conn, err := w.dial(p, netip.AddrPortFrom(w.cluster.VIP4, port))
		if err != nil {
			w.t.Fatal(p, err)
		}
		f := &flowing{protocol: p, conn: conn, last: time.Now()}
		if met := f.say(5 * time.Second); met != "first" {
			w.t.Fatalf("%s before the deletion: %s", p, met)
		}
		for _, s := range w.cluster.Servers {
			if s.Name == f.server {
				f.address = s.Addr4.String()
				w.deleted[w.id(p, port)] = f.address
			}
		}
		flows = append(flows, f)
	}
	return flows
}

func (w *deletion) dial(protocol string, to netip.AddrPort) (net.Conn, error) {
	if protocol == "sctp" {
		return w.cluster.Clients[0].DialSCTP(to)
	}
	return w.cluster.Clients[0].Dial(w.t.Context(), protocol, to.String())
}

// cuts is what lvs says about a deletion.
type cuts struct {
	Established, Other, Dropped, Reset, Moved, Refused uint64
	DroppedFor                                         *uint64
	Timeout, Sysctl                                    *string
}

// promised returns the cuts by protocol.
func (w *deletion) promised(document string) map[string]cuts {
	w.t.Helper()
	var doc struct {
		Items []struct {
			Op, Service string
			Cuts        *cuts
		}
	}
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		w.t.Fatalf("%v: %s", err, document)
	}
	out := map[string]cuts{}
	for _, row := range doc.Items {
		if row.Cuts == nil || !strings.HasPrefix(row.Op, "delete") {
			continue
		}
		protocol, _, _ := strings.Cut(row.Service, "://")
		if old, known := out[protocol]; !known || old.Established+old.Other == 0 {
			out[protocol] = *row.Cuts
		}
	}
	return out
}

// compare checks that each flow meets what was promised.
func (w *deletion) compare(way string, flows []*flowing, promised map[string]cuts) {
	w.t.Helper()
	wrong := make(chan string, len(flows))
	for _, f := range flows {
		go func() { wrong <- f.differs(promised[f.protocol]) }()
	}
	for range flows {
		if text := <-wrong; text != "" {
			w.t.Errorf("%s: %s", way, text)
		}
	}
	for _, f := range flows {
		f.conn.Close()
	}
}

// flowing is a client that talks to a service.
type flowing struct {
	protocol        string
	conn            net.Conn
	server, address string    // that answered first
	last            time.Time // before the last packet that was answered
}

// say sends a line and returns what comes of it: first, same or moved for an answer,
// silent, reset or refused.
func (f *flowing) say(patience time.Duration) string {
	f.conn.SetDeadline(time.Now().Add(patience))
	_, err := f.conn.Write([]byte("hello\n"))
	buf := make([]byte, 1000)
	n := 0
	if err == nil {
		n, err = f.conn.Read(buf)
	}
	name, _, _ := strings.Cut(string(buf[:n]), " ")
	switch {
	case err == nil && f.server == "":
		f.server = name
		return "first"
	case err == nil && name == f.server:
		return "same"
	case err == nil:
		return "moved"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "silent"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	}
	return err.Error()
}

// until speaks until something is met, and returns that or, after a time, what was met
// last.
func (f *flowing) until(limit time.Duration, done func(met string) bool) (met string) {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if met = f.say(150 * time.Millisecond); done(met) {
			break
		}
	}
	return met
}

// differs returns how what the client meets differs from what was promised.
func (f *flowing) differs(p cuts) string {
	what := fmt.Sprintf("%s to %s: promised %+v, met ", f.protocol, f.server, p)
	if p.Established+p.Other == 0 {
		return what + "a deletion that cuts nothing"
	}
	gone := func(met string) bool { return met != "silent" }
	if p.Dropped == 0 {
		want := cmp.Or(word(p.Reset, "reset"), word(p.Moved, "moved"), word(p.Refused, "refused"))
		if met := f.until(3*time.Second, gone); met != want {
			return what + met
		}
		return ""
	}
	if p.DroppedFor == nil || p.Timeout == nil || p.Sysctl == nil {
		return what + "no time"
	}
	if f.protocol == "sctp" { // 15 minutes
		if met := f.until(2*time.Second, gone); met != "silent" {
			return what + met
		}
		return ""
	}
	within := time.Duration(*p.DroppedFor) * time.Second
	met := f.until(within+20*time.Second, gone) // TCP sends again after pauses that grow
	took := time.Since(f.last)
	expected := f.protocol == "tcp" && met == "reset" || f.protocol == "udp" && (met == "moved" || met == "refused")
	if took < within || !expected {
		return what + met + " after " + took.String()
	}
	return ""
}

func word(n uint64, s string) string {
	if n == 0 {
		return ""
	}
	return s
}
