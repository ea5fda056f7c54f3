package importer

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// keepalivedServer is a real_server while it is read.
type keepalivedServer struct {
	cluster.FileServer
	place
	addr    netip.Addr
	port    uint16 // zero is not given
	weight  int
	forward keepalivedForward
	inhibit bool
	host    string
	timing  keepalivedTiming
	checks  []*confNode
}

func (k *keepalived) realServer(v *keepalivedService, n confServerNode) {
	s := keepalivedServer{place: n.place, weight: -1, forward: v.forward, inhibit: v.inhibit, host: v.host,
		timing: v.timing}
	if n.forward.said {
		s.forward = n.forward
	}
	s.addr, s.port = k.endpoint(n.confNode, 1)
	for _, c := range n.block {
		switch c.words[0] {
		case "weight":
			if weight, ok := k.number(c, 1, 0, kernel.MaxWeight); ok {
				s.weight = int(weight)
			}
		case "lvs_method":
			s.forward = k.forward(c, s.forward)
		case "uthreshold":
			n, _ := k.number(c, 1, 0, 1<<32-1)
			s.Upper = uint32(n)
		case "lthreshold":
			n, _ := k.number(c, 1, 0, 1<<32-1)
			s.Lower = uint32(n)
		case "inhibit_on_failure":
			s.inhibit = k.boolean(c, s.inhibit)
		case "virtualhost":
			s.host = k.hostName(c, s.host)
		default:
			switch {
			case k.timing(&s.timing, c):
			case isChecker(c.words[0]):
				s.checks = append(s.checks, c)
			default:
				k.leftOut(c, "real_server")
			}
		}
	}
	if s.weight < 0 {
		s.weight = v.weight
	}
	if why := refusal(&s); why != "" {
		k.lose(n.place, "%s is left out: %s, which the kernel refuses", n, why)
		return
	}
	v.servers = append(v.servers, s)
}

// refusal returns why the kernel refuses a server, or nothing.
func refusal(s *keepalivedServer) string {
	switch {
	case refusedServer(s.addr):
		return s.addr.String() + " is not the address of one host"
	case s.Upper > 1<<31-1:
		return fmt.Sprintf("uthreshold %d is higher than %d", s.Upper, 1<<31-1)
	case s.Lower > s.Upper:
		return fmt.Sprintf("lthreshold %d is higher than uthreshold %d", s.Lower, s.Upper)
	}
	return ""
}

// placeServers adds the servers with the addresses and ports that the kernel gets.
func (k *keepalived) placeServers(v *keepalivedService) {
	if !k.take(v.place, len(v.Addresses)*len(v.servers)) {
		return
	}
	kept := v.servers[:0]
	seen := map[string]bool{}
	for _, s := range v.servers {
		s.Address = k.addressOf(v, &s)
		if seen[s.Address] {
			k.note(s.place, "real_server %s is not converted, as in keepalived: it is a duplicate", s.Address)
			continue
		}
		seen[s.Address] = true
		s.Forward, s.Tunnel = s.forward.Forward.String(), s.forward.Tunnel
		k.portGoes(s.place, s.addr, s.port, s.forward.Forward, v.Addresses)
		if s.weight != cluster.DefaultWeight {
			s.Weight = &s.weight
		}
		kept = append(kept, s)
	}
	v.servers = kept
}

// addressOf returns a server's address, with its port if that differs from the
// service's in the kernel. Only with NAT it can.
func (k *keepalived) addressOf(v *keepalivedService, s *keepalivedServer) string {
	var ports []uint16
	for _, id := range v.Addresses {
		ports = append(ports, id.Port)
	}
	if s.forward.Forward != kernel.NAT || s.port == 0 && !v.group {
		return s.addr.String()
	}
	return withPort(s.addr, s.port, ports...)
}

// healthOf imports the checks, the quorum and the sorry server.
func (k *keepalived) healthOf(v *keepalivedService) {
	for i := range v.servers {
		v.Servers = append(v.Servers, v.servers[i].FileServer)
	}
	checks := make([][]cluster.Check, len(v.servers))
	inhibited := 0
	for i := range v.servers {
		checks[i] = k.checks(v, &v.servers[i])
		inhibited += b2n(v.servers[i].inhibit)
	}
	cluster.SpreadChecks(v.FileService, checks)
	switch inhibited {
	case 0:
		removeAtOnce(&v.Health, checks)
	case len(v.servers):
		v.Health.OnDown.Then = "keep"
	default:
		k.note(v.place, "inhibit_on_failure of %d of %d servers is not converted: onDown is for all servers of a service",
			inhibited, len(v.servers))
	}
	k.quorum(v)
	if v.sorry != nil {
		k.fallback(v)
	}
}

// quorum sets minHealthy: in servers if all weights are equal, otherwise in weight, as
// keepalived counts.
func (k *keepalived) quorum(v *keepalivedService) {
	var total, weight int64
	same := true
	for _, s := range v.servers {
		total += int64(s.weight)
		same = same && s.weight > 0 && (weight == 0 || weight == int64(s.weight))
		weight = int64(s.weight)
	}
	if total == 0 && v.sorry != nil && len(v.servers) > 0 {
		k.note(v.place, "all servers have weight 0, and keepalived then uses the sorry_server instead")
	}
	if v.quorum == 1 && v.hysteresis == 0 || total == 0 {
		return
	}
	if v.quorum > total {
		k.note(v.quorumAt, "quorum %d is more than the sum of the weights; keepalived then uses %d", v.quorum, total)
		v.quorum = total
	}
	if v.hysteresis >= v.quorum {
		k.note(v.quorumAt, "hysteresis %d is not less than the quorum; keepalived then uses %d",
			v.hysteresis, v.quorum-1)
		v.hysteresis = v.quorum - 1
	}
	down, up := v.quorum-v.hysteresis, v.quorum+v.hysteresis
	if up > total {
		k.note(v.quorumAt, "quorum and hysteresis need a weight of %d, more than the sum; all healthy servers are enough "+
			"here",
			up)
		up = total
	}
	if same {
		v.Health.Down = cluster.Share{N: int((down + weight - 1) / weight)}
		v.Health.Up = cluster.Share{N: int((up + weight - 1) / weight)}
		return
	}
	if up > math.MaxInt32 {
		k.note(v.quorumAt, "the quorum of %d is larger than a cluster file can have; it was set to %d", up, math.MaxInt32)
	}
	v.Health.QuorumOf = "weight"
	v.Health.Down = cluster.Share{N: int(min(down, math.MaxInt32))}
	v.Health.Up = cluster.Share{N: int(min(up, math.MaxInt32))}
}

// sorryServer keeps the sorry_server, if it is valid.
func (k *keepalived) sorryServer(v *keepalivedService, n *confNode) {
	why := badEndpoint(n, 1)
	if addr, _, _ := confAddress(n.word(1)); why == "" && refusedServer(addr) {
		why = addr.String() + " is not the address of one host"
	}
	if why != "" {
		k.note(n.place, "%s is left out, as in keepalived: %s", n, why)
		return
	}
	v.sorry = n
}

// fallback turns a sorry_server into the fallback.
func (k *keepalived) fallback(v *keepalivedService) {
	addr, port := k.endpoint(v.sorry, 1)
	forward := v.forward
	if v.sorryForward.said {
		forward = v.sorryForward
	}
	if forward.Forward != kernel.Tunneling && kernel.FamilyOf(addr) != v.Addresses[0].Family {
		k.note(v.sorry.place, "sorry_server %s is not converted, as in keepalived: its family is not the service's", addr)
		return
	}
	s := keepalivedServer{addr: addr, port: port, forward: forward}
	v.Health.Fallback = k.addressOf(v, &s)
	v.Forward = forward.Forward.String() // for a service without servers
	if shared := cluster.SharedForward(v.FileService); shared != v.Forward {
		if !addr.IsLoopback() {
			k.note(v.sorry.place, "the fallback gets the forwarding method of the service's servers, %s and not %s",
				shared, v.Forward)
		}
		if shared != kernel.NAT.String() {
			v.Health.Fallback = addr.String() // only NAT changes the port
		}
	}
	if slices.ContainsFunc(v.servers, func(s keepalivedServer) bool { return s.Address == v.Health.Fallback }) {
		k.note(v.sorry.place, "sorry_server %s is not converted: it is one of the servers", v.Health.Fallback)
		v.Health.Fallback = ""
	}
}

// keepalivedTiming has the intervals, timeouts and retries of checks.
type keepalivedTiming struct {
	connect, delay time.Duration
	// A negative value is not given.
	retry       int
	beforeRetry time.Duration
}

func keepalivedDefaults() keepalivedTiming {
	return keepalivedTiming{connect: 5 * time.Second, delay: time.Minute, retry: -1, beforeRetry: -1}
}

// timing reads a setting that a service, a server and a check may have.
func (k *keepalived) timing(t *keepalivedTiming, n *confNode) bool {
	switch n.words[0] {
	case "delay_loop":
		t.delay = k.timer(n, false, t.delay)
	case "connect_timeout":
		t.connect = k.timer(n, false, t.connect)
	case "delay_before_retry":
		t.beforeRetry = k.timer(n, true, t.beforeRetry)
	case "retry", "nb_get_retry":
		if retry, ok := k.exact(n, 1, 0, 1<<32-1); ok {
			t.retry = int(min(retry, 1<<20))
		}
	default:
		return false
	}
	return true
}
