package doctor

import (
	"fmt"
	"strings"

	"lvs/cluster"
	"lvs/kernel"
)

// Cluster diagnoses what is valid in cluster files, and still not what an administrator
// expects: of schedulers, of checks, and of what happens to failed servers. Settings that are
// not known are not diagnosed, except for one that failed servers need.
func Cluster(w *cluster.Wanted, s Settings) []*Diagnosis {
	var f findings
	checked := len(w.ForDirector()) > 0
	for i := range w.Services {
		v := &w.Services[i]
		f.schedulers(v, s)
		if checked {
			k := w.Kept(i)
			f.checks(v.ServiceID, v.Servers, &k)
			f.masking(v.ServiceID, len(v.Servers), &k)
		}
	}
	f.reset(w.Director().Sysctl == "set", s)
	return f.diagnoses()
}

// findings are diagnoses in the order in which they were found. Services with the same one
// share it.
type findings struct {
	list []finding
	// resets are the services that remove failed servers.
	resets []kernel.ServiceID
}

type finding struct {
	Diagnosis
	services []kernel.ServiceID
}

// add adds a diagnosis of a service, whose What gets the services in parentheses.
func (f *findings) add(id kernel.ServiceID, d Diagnosis) {
	for i := range f.list {
		if f.list[i].Diagnosis == d {
			f.list[i].services = append(f.list[i].services, id)
			return
		}
	}
	f.list = append(f.list, finding{d, []kernel.ServiceID{id}})
}

func (f *findings) diagnoses() []*Diagnosis {
	var out []*Diagnosis
	for i := range f.list {
		d := f.list[i].Diagnosis
		d.What += " (" + servicesText(f.list[i].services) + ")"
		out = append(out, &d)
	}
	return out
}

// servicesText returns a few services, and how many more there are.
func servicesText(ids []kernel.ServiceID) string {
	const most = 3
	var list []string
	for i, id := range ids {
		if i == most {
			return strings.Join(list, ", ") + " and " + count(uint64(len(ids)-most), "other service")
		}
		list = append(list, id.String())
	}
	return strings.Join(list, ", ")
}

// checks diagnoses checks of type tcp where a check of the protocol exists.
func (f *findings) checks(id kernel.ServiceID, servers []kernel.Server, k *cluster.Kept) {
	seen := map[uint16]bool{}
	for i := range k.Members {
		for _, port := range plainPorts(k.Members[i].Checks, servers[i].Addr.Port(), nil) {
			if kind := protocolOf(port); kind != "" && !seen[port] {
				seen[port] = true
				f.add(id, plainCheck(port, kind))
			}
		}
	}
}

// plainPorts returns the ports of checks that only open a connection.
func plainPorts(checks []cluster.Check, server uint16, out []uint16) []uint16 {
	for i := range checks {
		c := &checks[i]
		if c.Type == "tcp" && c.Expect == "" {
			port := c.Port
			if port == 0 {
				port = server
			}
			out = append(out, port)
		}
		out = plainPorts(c.Of, server, out)
	}
	return out
}

// protocolOf returns the type of check for the protocol of a port, or nothing.
func protocolOf(port uint16) string {
	for _, kind := range []string{"http", "https", "smtp", "pop3", "imap", "ldap", "mysql", "pgsql", "redis"} {
		if cluster.UsualPort(kind) == port {
			return kind
		}
	}
	return ""
}

func plainCheck(port uint16, kind string) Diagnosis {
	d := Diagnosis{Code: "plain-check", Severity: Note, What: fmt.Sprintf("a tcp check of port %d", port),
		Why: "it passes for a program that hangs, because the kernel still accepts connections",
		Fix: "use a check of type " + kind}
	if kind == "mysql" {
		d.Severity = Warning
		d.Why += "; and MariaDB and MySQL may block this machine after 100 connections without a login (max_connect_errors)"
	}
	return d
}

// masking diagnoses what happens to failed servers.
func (f *findings) masking(id kernel.ServiceID, servers int, k *cluster.Kept) {
	checked := false
	for i := range k.Members {
		checked = checked || len(k.Members[i].Checks) > 0
	}
	if !checked && !k.Health.Passive {
		return
	}
	if m := k.Health.MaxMasked; m.Percent && m.N*servers < 100 {
		f.add(id, Diagnosis{Code: "never-masked", Severity: Warning,
			What: fmt.Sprintf("maxMasked: %d%% of %s is less than one server", m.N, count(uint64(servers), "server")),
			Why:  "a server that fails its checks stays in use",
			Fix:  "use a larger percentage, or maxMasked: 1"})
	}
	if k.Health.OnDown.Then != "keep" {
		f.resets = append(f.resets, id)
	}
}

// reset diagnoses a kernel that does not reset the clients of a removed server. set is set
// if the director sets what it needs.
func (f *findings) reset(set bool, s Settings) {
	on, known := kernel.Switch(s.Sysctls, kernel.ExpireNodestConn)
	if len(f.resets) == 0 || set || known && on {
		return
	}
	const orKeys = ", or director: {sysctl: set} in the file, or onDown: {then: keep}"
	d := Diagnosis{Code: "reset-needs-sysctl", Severity: Warning, What: sysctlIsOff(kernel.ExpireNodestConn),
		Why: "a failed server stays in the table with weight 0, so that its clients are not reset and hang",
		Fix: setSysctl(kernel.ExpireNodestConn) + orKeys}
	if !known {
		d.Severity = Note
		d.What = "onDown removes failed servers, which needs net.ipv4.vs." + kernel.ExpireNodestConn + "=1"
		d.Why = "with 0 a failed server stays in the table with weight 0, so that its clients are not reset and hang"
		d.Fix = setSysctl(kernel.ExpireNodestConn) + " on the director" + orKeys
	}
	for _, id := range f.resets {
		f.add(id, d)
	}
}
