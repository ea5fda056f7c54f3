package importer

import (
	"slices"
	"strings"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// KeepalivedOptions are what a keepalived.conf needs from outside.
type KeepalivedOptions struct {
	// Include returns the files that match a pattern, sorted. Nil refuses includes.
	Include func(pattern string) ([]Text, error)
	// ConfigID selects lines that begin with @; keepalived uses the host's name up to
	// its first dot.
	ConfigID string
}

// Keepalived turns a keepalived.conf(5) into a cluster file. Where the manual says
// nothing, it does what keepalived 2.2.7 does.
func Keepalived(src Text, o KeepalivedOptions) (*cluster.File, []Note, error) {
	im := &importer{}
	r := &confReader{importer: im, include: o.Include, configID: o.ConfigID, defined: map[string]string{}}
	r.read(src)
	root := &confNode{}
	k := &keepalived{importer: im, groups: map[string]*confNode{}, first: map[kernel.ServiceID]*keepalivedService{}}
	blocks := &confBlocks{importer: im, bad: leftOutBlock, lines: r.lines}
	blocks.read(confTop, root)
	k.top(root.block)
	k.finish()
	if found, at := findsService(r.lines); !found && len(im.file.Services) > 0 {
		k.fault(at, "the block is not closed: keepalived does not find the virtual servers after it, and adds none of them")
	}
	cluster.ShareDefaults(&im.file)
	return im.result(src.Name)
}

// keepalived reads the blocks of a keepalived.conf.
type keepalived struct {
	*importer
	groups   map[string]*confNode // virtual_server_group, by name
	services []*keepalivedService
	// first is the first service with an address.
	first map[kernel.ServiceID]*keepalivedService
}

func (k *keepalived) top(nodes []*confNode) {
	for _, n := range nodes {
		switch name := n.word(1); {
		case n.words[0] != "virtual_server_group":
		case k.groups[name] != nil:
			k.note(n.place, "virtual_server_group %s is left out, as in keepalived: it is in line %d already", name,
				k.groups[name].line)
		default:
			k.groups[name] = n
		}
	}
	var others []*confNode
	for _, n := range nodes {
		switch n.words[0] {
		case "virtual_server_group", "include_check":
		case "virtual_server":
			k.virtualServer(n)
		case "global_defs":
			k.globals(n)
		case "net_namespace", "net_namespace_ipvs":
			k.note(n.place, "%s is not converted: use lvs with --netns %s", n.words[0], n.word(1))
		case "SSL":
			k.note(n.place, "SSL is not converted: checks of a cluster file have no client certificate")
		default:
			others = append(others, n)
		}
	}
	k.elsewhere(others)
}

// elsewhere notes the blocks that do not concern IPVS, by kind.
func (k *keepalived) elsewhere(nodes []*confNode) {
	for _, n := range nodes {
		switch kind := n.words[0]; {
		case strings.HasPrefix(kind, "vrrp"):
			k.noteOnce(n.place, "VRRP is not converted (%s): keep it in keepalived, "+
				"and remove the virtual servers there before lvs apply", blockNames(nodes, "vrrp"))
		case strings.HasPrefix(kind, "static_"):
			k.noteOnce(n.place, "static addresses, routes and rules are not converted (%s)",
				blockNames(nodes, "static_"))
		default:
			k.note(n.place, "%s is not converted", strings.Join(n.words[:min(len(n.words), 2)], " "))
		}
	}
}

// blockNames lists the blocks whose kind has a prefix, each once.
func blockNames(nodes []*confNode, kind string) string {
	var out []string
	for _, n := range nodes {
		name := strings.Join(n.words[:min(len(n.words), 2)], " ")
		if strings.HasPrefix(n.words[0], kind) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// globals imports the timeouts. It notes other settings that matter one by one, and
// those of keepalived itself together.
func (k *keepalived) globals(n *confNode) {
	var own []string
	at := n.place
	for _, g := range n.block {
		switch name := g.words[0]; name {
		case "lvs_timeouts":
			k.timeouts(g)
		case "lvs_sync_daemon":
			k.note(g.place, "lvs_sync_daemon is not converted because its role follows VRRP: "+
				"add the daemon under sync, with a role")
		case "lvs_flush", "lvs_flush_onstop", "lvs_flush_on_stop":
			k.note(g.place, "%s is not converted: lvs never flushes other services", name)
		case "net_namespace", "net_namespace_ipvs":
			k.note(g.place, "%s is not converted: use lvs with --netns %s", name, g.word(1))
		default:
			if len(own) == 0 {
				at = g.place
			}
			if !slices.Contains(own, name) {
				own = append(own, name)
			}
		}
	}
	if len(own) > 0 {
		k.note(at, "the settings of keepalived itself in global_defs are not converted (%s)", strings.Join(own, ", "))
	}
}

func (k *keepalived) timeouts(n *confNode) {
	t := &k.file.Timeouts
	to := map[string]*time.Duration{"tcp": &t.TCP, "tcpfin": &t.TCPFin, "udp": &t.UDP}
	for i := 1; i < len(n.words); i += 2 {
		d := to[n.words[i]]
		if d == nil {
			k.note(n.place, "lvs_timeouts: unknown %q is ignored, as in keepalived: want tcp, tcpfin or udp", n.words[i])
			i--
			continue
		}
		if seconds, ok := k.number(n, i+1, 1, int64(kernel.MaxPersistence/time.Second)); ok {
			*d = time.Duration(seconds) * time.Second
		}
	}
}
