package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The sizes of the part large: services with 100 servers each.
const (
	smallServices = 1000
	largeServices = 10_000
	largeServers  = 100
)

// large measures a very large table beside one of a tenth of its size, each in a network
// namespace of its own: ten times the work may take ten times the time, not more.
func (b *benchmark) large() error {
	runs := b.runs
	b.runs = 1 // a run takes up to a minute
	defer func() { b.runs = runs }()
	b.title(fmt.Sprintf("%d services with %d servers each, beside %d services",
		largeServices, largeServers, smallServices))
	big, err := b.sized("lvs-large", largeServices)
	if err != nil {
		return err
	}
	defer b.unsized(big)
	small, err := b.sized("lvs-small", smallServices)
	if err != nil {
		return err
	}
	defer b.unsized(small)
	linear := atMost(11.5)
	for _, row := range []struct {
		what   string
		of     func(*sizedTable) step
		memory int64 // the goal in MiB; 0 is none
	}{
		{"lvs restore into an empty table", (*sizedTable).restore, 0},
		{"lvs list -o jsonl", func(t *sizedTable) step { return t.lvs("list", "-o", "jsonl") }, 32},
		{"lvs save", func(t *sizedTable) step { return t.lvs("save") }, 32},
		{"lvs apply that changes nothing",
			func(t *sizedTable) step { return t.lvs("apply", "--yes", "-q", "-f", t.cluster) }, 400},
	} {
		ours, theirs := row.of(big), row.of(small)
		if err := b.pair(row.what, ours, theirs, linear); err != nil {
			return err
		}
		if row.memory == 0 {
			continue
		}
		if err := b.memory(row.what, ours, row.memory); err != nil {
			return err
		}
	}
	return nil
}

// sizedTable is a table in a network namespace, and the files that make it.
type sizedTable struct {
	b                    *benchmark
	netns, save, cluster string
}

// sized makes the namespace and the files, and the table from them.
func (b *benchmark) sized(netns string, services int) (*sizedTable, error) {
	t := &sizedTable{b, netns, filepath.Join(b.dir, netns+".save"), filepath.Join(b.dir, netns+".yaml")}
	if err := writeText(t.save, services, writeTable); err != nil {
		return nil, err
	}
	if err := writeText(t.cluster, services, writeCluster); err != nil {
		return nil, err
	}
	if _, err := b.measure(step{argv: []string{"ip", "netns", "add", netns}}); err != nil {
		return nil, err
	}
	_, err := b.measure(t.restore())
	return t, err
}

func (b *benchmark) unsized(t *sizedTable) {
	_, _ = b.measure(step{argv: []string{"ip", "netns", "delete", t.netns}})
	os.Remove(t.save)
	os.Remove(t.cluster)
}

// lvs returns a command for the table, whose output is thrown away.
func (t *sizedTable) lvs(args ...string) step {
	s := t.b.command(t.b.lvs, append([]string{"--netns", t.netns}, args...)...)
	s.discard = true
	return s
}

// restore returns the command that makes the table from nothing, in a new namespace: in the
// old one the kernel would look for each server among those that were deleted within the
// last minute.
func (t *sizedTable) restore() step {
	s := t.lvs("restore", "--yes", "-q")
	s.input = t.save
	s.before = &step{argv: []string{"sh", "-c", `ip netns delete "$1" && ip netns add "$1" && ip -n "$1" link set lo up`,
		"sh", t.netns}}
	return s
}

// writeText writes a text to a file in small pieces: the memory that this process ever
// had is counted as that of the processes that it starts.
func writeText(name string, services int, write func(w io.Writer, services, servers int)) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	write(w, services, largeServers)
	return w.Flush()
}

// writeCluster writes a cluster file of the table that writeTable writes.
func writeCluster(w io.Writer, services, servers int) {
	fmt.Fprint(w, "apiVersion: lvs/v1\nkind: Cluster\nservices:\n")
	for i := range services {
		fmt.Fprintf(w, "- address: tcp://192.0.%d.%d:80\n  servers:\n", i/250, i%250+1)
		for j := range servers {
			fmt.Fprintf(w, "  - {address: 10.1.%d.%d, weight: %d}\n", j/250, j%250+1, j%10+1)
		}
	}
}
