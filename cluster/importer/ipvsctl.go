package importer

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	goyaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"lvs/cluster"
	"lvs/kernel"
)

// Ipvsctl turns ipvsctl's YAML into a cluster file. ipvsctl's defaults are rr, direct
// and weight 0.
func Ipvsctl(src Text) (*cluster.File, []Note, error) {
	c := &ipvsctl{importer: &importer{}, source: src.Name, scheduler: "rr", forward: "direct"}
	doc, err := parser.ParseBytes([]byte(src.Text), 0)
	var bad goyaml.Error
	switch {
	case errors.As(err, &bad):
		c.fault(place{src.Name, bad.GetToken().Position.Line}, "%s", bad.GetMessage())
	case err != nil:
		c.fault(place{file: src.Name}, "%v", err)
	case len(doc.Docs) > 1:
		c.fault(place{file: src.Name}, "the file has more than one document")
	case len(doc.Docs) == 1 && doc.Docs[0].Body != nil:
		c.model(doc.Docs[0].Body)
	}
	cluster.ShareDefaults(&c.file)
	return c.result(src.Name)
}

// ipvsctl reads ipvsctl's model.
type ipvsctl struct {
	*importer
	source             string
	port, weight       int
	scheduler, forward string
	servers            int             // so far
	seen               map[string]bool // addresses of the current service's servers
}

func (c *ipvsctl) at(n ast.Node) place {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return place{c.source, t.Position.Line}
	}
	return place{file: c.source}
}

func (c *ipvsctl) model(n ast.Node) {
	top := c.object(n, "ipvsctl configuration", "defaults", "services")
	if d, ok := top["defaults"]; ok {
		defaults := c.object(d, "defaults", "port", "weight", "sched", "forward")
		c.port = c.number("port", defaults["port"], 0, 65535, 0)
		c.weight = c.number("weight", defaults["weight"], 0, 65535, 0)
		c.scheduler = c.word(defaults["sched"], c.scheduler)
		c.forward = c.word(defaults["forward"], c.forward)
	}
	for _, s := range c.list(top["services"], "services") {
		c.virtual(s)
	}
}

func (c *ipvsctl) virtual(n ast.Node) {
	c.file.Services = append(c.file.Services, cluster.FileService{})
	s := &c.file.Services[len(c.file.Services)-1]
	c.service, c.seen = s, map[string]bool{}
	defer func() { c.service = nil }()
	o := c.object(n, "a service", "address", "sched", "destinations")
	s.Scheduler = c.word(o["sched"], c.scheduler)
	id, ok := c.address(n, o["address"])
	s.Addresses = []kernel.ServiceID{id}
	if ok {
		c.claim(c.at(n), id)
	}
	for _, d := range c.list(o["destinations"], "destinations") {
		c.destination(s, d)
	}
}

// address reads tcp://ADDRESS[:PORT] and fwmark:N.
func (c *ipvsctl) address(service, n ast.Node) (kernel.ServiceID, bool) {
	text := c.word(n, "")
	switch {
	case text == "":
		c.fault(c.at(service), "a service has no address")
		return kernel.ServiceID{}, false
	case c.parameter(n, text):
		return kernel.ServiceID{}, false
	case strings.HasPrefix(text, "fwmark:"):
		id, err := kernel.ParseServiceID(text)
		if err != nil {
			c.fault(c.at(n), "%v", err)
		}
		return id, err == nil
	}
	protocol, rest, ok := strings.Cut(text, "://")
	p := map[string]kernel.Protocol{"tcp": kernel.TCP, "udp": kernel.UDP, "sctp": kernel.SCTP}[protocol]
	if !ok || p == 0 {
		c.fault(c.at(n), "invalid address %q: want tcp://, udp:// or sctp://ADDRESS:PORT, or fwmark:N", text)
		return kernel.ServiceID{}, false
	}
	ap, ok := c.endpoint(n, strings.TrimRight(rest, "/ "))
	return kernel.AddressID(p, ap), ok
}

// endpoint reads ADDRESS[:PORT]; the default of the port is that of the file.
func (c *ipvsctl) endpoint(n ast.Node, text string) (netip.AddrPort, bool) {
	host, name := text, ""
	if strings.Count(text, ":") == 1 || strings.HasPrefix(text, "[") {
		host, name = cutPort(text)
	}
	a, ok := c.host(c.at(n), host, 0)
	port, found := uint16(c.port), true
	if name != "" && name != "0" {
		port, found = c.importer.port(c.at(n), name, 0)
	}
	return netip.AddrPortFrom(a, port), ok && found
}

// parameter adds a fault if a text has parameters, which ipvsctl replaces when it runs.
func (c *ipvsctl) parameter(n ast.Node, text string) bool {
	if !strings.Contains(text, "${") {
		return false
	}
	c.fault(c.at(n), "%s has a parameter that ipvsctl replaces when it runs: write its value instead", text)
	return true
}

func (c *ipvsctl) destination(s *cluster.FileService, n ast.Node) {
	o := c.object(n, "a destination", "address", "weight", "forward")
	if c.servers++; c.servers > mostAddresses {
		if c.servers == mostAddresses+1 {
			c.fault(c.at(n), "more than %d destinations", mostAddresses)
		}
		return
	}
	text := c.word(o["address"], "")
	if text == "" {
		c.fault(c.at(n), "a destination has no address")
		return
	}
	if c.parameter(o["address"], text) {
		return
	}
	ap, ok := c.endpoint(o["address"], text)
	if !ok {
		return
	}
	v := cluster.FileServer{Address: ap.Addr().String(), Forward: c.word(o["forward"], c.forward)}
	id := s.Addresses[0]
	switch {
	case ap.Port() == 0:
	case v.Forward != "nat" && id.FWMark == 0 && ap.Port() != id.Port:
		c.note(c.at(n), "the port %d is not converted: %s forwarding keeps the service's port", ap.Port(), v.Forward)
	default:
		v.Address = withPort(ap.Addr(), ap.Port(), id.Port)
	}
	if !slices.Contains([]string{"nat", "tunnel", "direct"}, v.Forward) {
		c.fault(c.at(cmp.Or(o["forward"], n)), "invalid forward %q: want nat, tunnel or direct", v.Forward)
	}
	if c.seen[v.Address] {
		c.fault(c.at(n), "duplicate destination %s", v.Address)
	}
	c.seen[v.Address] = true
	weight := c.number("weight", o["weight"], 0, 65535, c.weight)
	if weight == 0 && c.weight != 0 {
		c.note(c.at(n), "weight 0 became %d: for ipvsctl it means the default", c.weight)
		weight = c.weight
	}
	if weight != cluster.DefaultWeight {
		v.Weight = &weight
	}
	s.Servers = append(s.Servers, v)
}

// object returns the values of an object, and notes other keys than these.
func (c *ipvsctl) object(n ast.Node, what string, keys ...string) map[string]ast.Node {
	var members []*ast.MappingValueNode
	switch m := plain(n).(type) {
	case *ast.MappingNode:
		members = m.Values
	case *ast.MappingValueNode:
		members = []*ast.MappingValueNode{m}
	case *ast.NullNode:
	default:
		c.fault(c.at(n), "invalid %s: want an object", strings.TrimPrefix(what, "a "))
	}
	out := map[string]ast.Node{}
	for _, m := range members {
		key := m.Key.GetToken().Value
		if !slices.Contains(keys, key) {
			c.note(c.at(m), "%s is not converted: it is unknown in %s", key, what)
			continue
		}
		if _, twice := out[key]; twice {
			c.fault(c.at(m), "duplicate key %s", key)
		}
		out[key] = m.Value
	}
	return out
}

func (c *ipvsctl) list(n ast.Node, what string) []ast.Node {
	switch l := plain(n).(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		return l.Values
	}
	c.fault(c.at(n), "invalid %s: want a list", what)
	return nil
}

// word returns a text or number as it is written, or the default.
func (c *ipvsctl) word(n ast.Node, otherwise string) string {
	switch v := plain(n).(type) {
	case nil, *ast.NullNode:
		return otherwise
	case *ast.StringNode:
		return v.Value
	case ast.ScalarNode:
		return v.GetToken().Value
	}
	c.fault(c.at(n), "invalid value: want a text")
	return otherwise
}

func (c *ipvsctl) number(what string, n ast.Node, low, high, otherwise int) int {
	text := c.word(n, "")
	if text == "" {
		return otherwise
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < low || v > high {
		c.fault(c.at(n), "invalid %s %q: want a number from %d to %d", what, text, low, high)
		return otherwise
	}
	return v
}

// plain returns the value behind anchors and tags. It does not resolve aliases: they
// are faults.
func plain(n ast.Node) ast.Node {
	for {
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
		case *ast.TagNode:
			n = v.Value
		default:
			return n
		}
	}
}
