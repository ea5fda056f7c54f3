// Package importer turns the configurations of other tools into cluster files. It
// reads what those tools accept, and notes what a cluster file cannot express.
package importer

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// Text is a configuration with its name for notes and faults.
type Text struct{ Name, Text string }

// Note is a setting of a configuration that a cluster file cannot express, or
// something worth knowing about the import.
type Note struct {
	File string
	Line int // from 1; zero is the whole file
	Text string
	// Lost is set if a service or a server of the configuration is not in the file.
	Lost bool
	kind string // the same for notes that differ in their names only
}

func (n Note) String() string {
	if n.Line == 0 {
		return n.File + ": " + n.Text
	}
	return n.File + ":" + strconv.Itoa(n.Line) + ": " + n.Text
}

// comment returns the note as a comment of the cluster file, without the folder.
func (n Note) comment() string {
	n.File = filepath.Base(n.File)
	return n.String()
}

// Names looks up the names of hosts and ports.
type Names interface {
	Host(name string, f kernel.Family) (netip.Addr, error)
	Port(name string, p kernel.Protocol) (uint16, error)
}

// importer collects the result of an import. Each note is also a comment in the file:
// above the service that is being read, or at the top.
type importer struct {
	file    cluster.File
	notes   []Note
	faults  cluster.Faults
	names   Names
	service *cluster.FileService // nil outside of services
	said    map[Note]bool
	kinds   map[string]*noteKind
	claimed map[kernel.ServiceID]place
	taken   int  // services and servers
	unknown int  // names that cannot be looked up, the last at unknownAt
	over    bool // more than mostObjects

	unknownAt place
}

// mostObjects is the largest number of services and servers that an import may expand
// to: 10,000 services with 100 servers each, and some more. Ranges multiply.
const mostObjects = 1 << 20

// mostAddresses is the largest number of addresses in a range.
const mostAddresses = 65536

// take counts services and servers. It adds a fault and returns false if there are too
// many of them.
func (im *importer) take(at place, n int) bool {
	if im.over {
		return false
	}
	if im.taken += n; im.taken > mostObjects {
		im.over = true
		im.fault(at, "this makes more than %d services and servers: import a part of the configuration", mostObjects)
	}
	return !im.over
}

// place is a position in a configuration.
type place struct {
	file string
	line int
}

func (im *importer) note(at place, format string, args ...any) {
	im.add(Note{File: at.file, Line: at.line, Text: fmt.Sprintf(format, args...), kind: format})
}

// lose notes a service or a server that is not in the file.
func (im *importer) lose(at place, format string, args ...any) {
	im.add(Note{File: at.file, Line: at.line, Text: fmt.Sprintf(format, args...), Lost: true, kind: format})
}

func (im *importer) add(n Note) {
	if im.said[n] {
		return // the same for another server
	}
	if im.said == nil {
		im.said, im.kinds = map[Note]bool{}, map[string]*noteKind{}
	}
	k := im.kinds[n.kind]
	if k == nil {
		k = &noteKind{}
		im.kinds[n.kind] = k
	}
	if k.count++; k.count > mostOfKind {
		if k.count == mostOfKind+1 {
			k.next = n
		}
		k.last, k.lost = n, k.lost || n.Lost
		return
	}
	im.said[n] = true
	im.notes = append(im.notes, n)
	comments := &im.file.Comments
	if im.service != nil {
		comments = &im.service.Comments
	}
	*comments = append(*comments, n.comment())
}

// mostOfKind is how many notes of a kind are kept: a configuration may have one in each
// line.
const mostOfKind = 50

// noteKind counts the notes of a kind. next and last are the first and the last that are
// not kept.
type noteKind struct {
	count      int
	next, last Note
	lost       bool
}

// fold adds a note for those of each kind that are not kept.
func (im *importer) fold() {
	for _, k := range im.kinds {
		more := k.count - mostOfKind
		if more <= 0 {
			continue
		}
		n := Note{File: k.next.File, Line: k.next.Line, Lost: k.lost,
			Text: fmt.Sprintf("%s; and %d more lines like this, the last in line %d", k.next.Text, more-1, k.last.Line)}
		if more == 1 {
			n.Text = k.next.Text
		}
		im.notes = append(im.notes, n)
		im.file.Comments = append(im.file.Comments, n.comment())
	}
}

// noteOnce adds a note about the whole configuration once, at the first position and
// at the top of the file.
func (im *importer) noteOnce(at place, format string, args ...any) {
	text := Note{Text: fmt.Sprintf(format, args...)}
	if im.said[text] {
		return
	}
	service := im.service
	im.service = nil
	im.note(at, "%s", text.Text)
	im.said[text] = true
	im.service = service
}

func (im *importer) fault(at place, format string, args ...any) {
	if !im.faults.Full() {
		im.faults.Add(cluster.Fault{File: at.file, Line: at.line, Why: fmt.Sprintf(format, args...)})
	}
}

// result returns the file, unless there are faults.
func (im *importer) result(name string) (*cluster.File, []Note, error) {
	if len(im.faults) == 0 {
		im.validate(name)
	}
	if more := im.unknown - mostNames; more > 0 {
		im.faults.Add(cluster.Fault{File: im.unknownAt.file, Line: im.unknownAt.line,
			Why: fmt.Sprintf("%d more names cannot be looked up", more), Hint: nameHint})
	}
	if len(im.faults) > 0 {
		inOrder(im.faults, func(f cluster.Fault) (string, int) { return f.File, f.Line })
		return nil, nil, im.faults
	}
	im.fold()
	inOrder(im.notes, func(n Note) (string, int) { return n.File, n.Line })
	im.sortComments()
	return &im.file, im.notes, nil
}

// sortComments puts the comments of the file and of each service into the order of the
// notes, which are sorted.
func (im *importer) sortComments() {
	position := make(map[string]int, len(im.notes))
	for i, n := range im.notes {
		position[n.comment()] = i
	}
	byPosition := func(a, b string) int { return position[a] - position[b] }
	slices.SortStableFunc(im.file.Comments, byPosition)
	for i := range im.file.Services {
		slices.SortStableFunc(im.file.Services[i].Comments, byPosition)
	}
}

// validate reads the file as its user will. Settings that the other tool accepts and a
// cluster file does not are faults of the configuration.
func (im *importer) validate(name string) {
	var b bytes.Buffer
	err := im.file.WriteYAML(&b)
	var read *cluster.File
	if err == nil {
		read, err = cluster.Read("", b.String())
	}
	if err == nil {
		_, err = cluster.Resolve(read)
	}
	var bad cluster.Faults
	if errors.As(err, &bad) {
		for _, f := range bad {
			im.fault(place{file: name}, "a cluster file cannot have this: %s", f.Why)
		}
	} else if err != nil {
		im.fault(place{file: name}, "%v", err)
	}
}

// inOrder sorts by line, and keeps the order of the files.
func inOrder[T any](list []T, where func(T) (file string, line int)) {
	files := map[string]int{}
	for _, e := range list {
		file, _ := where(e)
		if _, ok := files[file]; !ok {
			files[file] = len(files)
		}
	}
	slices.SortStableFunc(list, func(a, b T) int {
		fileA, lineA := where(a)
		fileB, lineB := where(b)
		return cmp.Or(files[fileA]-files[fileB], lineA-lineB)
	})
}

// claim adds a fault if another service has the address.
func (im *importer) claim(at place, id kernel.ServiceID) {
	if im.claimed == nil {
		im.claimed = map[kernel.ServiceID]place{}
	}
	if first, ok := im.claimed[id]; ok {
		im.fault(at, "duplicate service %s: first in line %d; a cluster file has each address only once", id, first.line)
		return
	}
	im.claimed[id] = at
}

// host returns an address of the family, or of any family if that is zero. It looks
// names up.
func (im *importer) host(at place, s string, family kernel.Family) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		if family != 0 && kernel.FamilyOf(a) != family {
			im.fault(at, "invalid address %s: want an %v address", s, family)
			return a, false
		}
		return a, true
	}
	if im.names == nil || !isName(s) {
		im.fault(at, "invalid address %q: want an IP address", s)
		return netip.Addr{}, false
	}
	if family == 0 {
		family = kernel.IPv4
	}
	a, err := im.names.Host(s, family)
	if err != nil {
		im.unknownName(at, "cannot look up the address of %q: %v", s, err)
		return a, false
	}
	im.note(at, "%s was replaced by its address %s; a cluster file has no names", s, a)
	return a, true
}

// port reads a number from 0 to 65535. It looks names up.
func (im *importer) port(at place, s string, p kernel.Protocol) (uint16, bool) {
	if n, err := strconv.ParseUint(s, 10, 16); err == nil {
		return uint16(n), true
	}
	if im.names == nil || !isName(s) || strings.Trim(s, "0123456789") == "" {
		im.fault(at, "invalid port %q: want a number from 0 to 65535", s)
		return 0, false
	}
	n, err := im.names.Port(s, p)
	if err != nil {
		im.unknownName(at, "cannot look up the port %q: %v", s, err)
		return 0, false
	}
	return n, true
}

// unknownName adds a fault for a name that cannot be looked up. Many of them become one.
func (im *importer) unknownName(at place, format string, args ...any) {
	if im.unknown++; im.unknown <= mostNames && !im.faults.Full() {
		im.faults.Add(cluster.Fault{File: at.file, Line: at.line, Why: fmt.Sprintf(format, args...), Hint: nameHint})
	}
	im.unknownAt = at
}

const nameHint = "write addresses and numbers in place of names, or import where the names are known"

// mostNames is how many names that cannot be looked up are faults of their own.
const mostNames = 20

// within limits a duration to the range of a cluster file.
func (im *importer) within(at place, what string, d, low, high time.Duration) time.Duration {
	d = d.Round(time.Millisecond)
	kept := min(max(d, low), high)
	if kept != d {
		im.note(at, "%s of %v is out of range; it was set to %v", what, d, kept)
	}
	return kept
}

// linuxSchedulers are the schedulers of Linux. keepalived ignores others.
var linuxSchedulers = []string{"rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed",
	"nq", "twos"}

// mostResults is the largest number of results in a row of a check.
const mostResults = 100

// isName reports whether a text can be the name of a host or a port.
func isName(s string) bool {
	if s == "" || len(s) > 253 || s[0] == '-' || strings.Trim(s, "0123456789.") == "" {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == ""
}

// withPort returns an address with its port, or without it if all services have that
// port.
func withPort(a netip.Addr, port uint16, services ...uint16) string {
	for _, p := range services {
		if p != port {
			return netip.AddrPortFrom(a, port).String()
		}
	}
	return a.String()
}

// portGoes notes a server's port that packets cannot get, for only NAT changes it.
func (im *importer) portGoes(at place, a netip.Addr, port uint16, f kernel.Forward, services []kernel.ServiceID) {
	address := func(id kernel.ServiceID) bool { return id.FWMark == 0 }
	samePort := func(id kernel.ServiceID) bool { return id.FWMark == 0 && id.Port == port }
	if port == 0 || f == kernel.NAT || !slices.ContainsFunc(services, address) || slices.ContainsFunc(services, samePort) {
		return
	}
	im.note(at, "the port %d of %s is not converted: %v forwarding keeps the service's port; "+
		"checks without a port of their own use %d", port, a, f, port)
}

// removeAtOnce sets what keepalived and ldirectord do with a failed server, if any
// server has checks.
func removeAtOnce(h *cluster.ServiceHealth, checks [][]cluster.Check) {
	if slices.ContainsFunc(checks, func(list []cluster.Check) bool { return len(list) > 0 }) {
		h.OnDown = cluster.OnDown{Quiesce: new(time.Duration(0)), Then: "reset"}
	}
}

// regexFault returns what is wrong with a regular expression.
func regexFault(err error) string { return strings.TrimPrefix(err.Error(), "error parsing regexp: ") }

func b2n(b bool) int {
	if b {
		return 1
	}
	return 0
}
