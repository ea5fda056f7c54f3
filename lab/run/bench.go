package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// The sizes of the benchmarks.
const (
	benchServices    = 1000
	benchServers     = 10
	benchConnections = 200_000
)

// bench measures lvs beside ipvsadm and the raw kernel, whole processes in
// turn, in one boot. It never judges by failing: the machine may be busy.
// A number among the arguments is how many counted runs each row has, a name
// is a part to run instead of all.
func bench(ctx context.Context, lvs string, args []string, out io.Writer) (err error) {
	b := &benchmark{ctx: ctx, lvs: lvs, out: out, runs: 5}
	parts := []struct {
		name string
		run  func() error
	}{
		{"start", b.startUp}, {"older", b.olderTables}, {"list", b.lists}, {"wide", b.wideList},
		{"restore", b.restores}, {"apply", b.applies}, {"ipvsadm", b.inPlace}, {"connections", b.connections}, {"top", b.dashboard},
	}
	wanted := map[string]bool{}
	for _, arg := range args {
		if n, err := strconv.Atoi(arg); err == nil && n > 0 {
			b.runs = n
			continue
		}
		known := false
		for _, p := range parts {
			known = known || p.name == arg
		}
		if !known {
			return fmt.Errorf("%q is neither a number of runs nor a part: start, older, list, wide, restore, apply, ipvsadm, connections, top", arg)
		}
		wanted[arg] = true
	}
	if b.dir, err = os.MkdirTemp("", "lvs-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	fmt.Fprintf(out, "medians of %d runs in turn after one that does not count; whole processes, output to a file in memory\n\n", b.runs)
	for _, p := range parts {
		if len(wanted) == 0 || wanted[p.name] {
			if err := p.run(); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchmark is one run of all the rows.
type benchmark struct {
	ctx        context.Context
	lvs, self  string
	dir        string
	runs       int
	out        io.Writer
	filled     bool          // the connections were made
	rawRead    time.Duration // of the dashboard's table
	perRefresh time.Duration // of the processor, for the dashboard
}

func (b *benchmark) startUp() error {
	b.title("Start-up")
	if err := b.ipvsadmText("-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80 -r 198.51.100.1:80 -g -w 1\n"); err != nil {
		return err
	}
	list := b.command("ipvsadm", "-Ln")
	if err := b.pair("lvs version", b.command(b.lvs, "version"), list, atMost(1.5)); err != nil {
		return err
	}
	if err := b.pair("lvs list of one service", b.command(b.lvs, "list"), list, atMost(1.5)); err != nil {
		return err
	}
	return b.olderStart()
}

// lists measures the table of many services.
func (b *benchmark) lists() error {
	b.title(fmt.Sprintf("%d services with %d servers each", benchServices, benchServers))
	if err := b.ipvsadmText(tableText(benchServices, benchServers)); err != nil {
		return err
	}
	list := b.command("ipvsadm", "-Ln")
	raw := b.command(b.self, inside, "rawdump")
	json := b.command(b.lvs, "list", "-o", "json")
	for _, row := range []struct {
		what   string
		ours   step
		theirs step
		goal   goal
	}{
		{"lvs list -o json", json, list, timesFaster(2)},
		{"lvs list -o json, beside the raw dump", json, raw, atMost(1.6)},
		{"lvs list, piped", b.command(b.lvs, "list"), list, timesFaster(2)},
		{"lvs list --stats, beside ipvsadm -Ln --stats", b.command(b.lvs, "list", "--stats"), b.command("ipvsadm", "-Ln", "--stats"), timesFaster(2)},
		{"lvs save, beside ipvsadm -Sn", b.command(b.lvs, "save"), b.command("ipvsadm", "-Sn"), timesFaster(2)},
	} {
		if err := b.pair(row.what, row.ours, row.theirs, row.goal); err != nil {
			return err
		}
	}
	return b.memory("lvs list", b.command(b.lvs, "list"), 32)
}

// wideList measures few services with many servers.
func (b *benchmark) wideList() error {
	b.title("10 services with 1000 servers each")
	if err := b.ipvsadmText(tableText(10, 1000)); err != nil {
		return err
	}
	list := b.command("ipvsadm", "-Ln")
	if err := b.pair("lvs list -o json", b.command(b.lvs, "list", "-o", "json"), list, timesFaster(2)); err != nil {
		return err
	}
	return b.pair("lvs list -o json, beside the raw dump", b.command(b.lvs, "list", "-o", "json"), b.command(b.self, inside, "rawdump"), atMost(1.6))
}

func (b *benchmark) restores() error {
	b.title(fmt.Sprintf("Restore of %d services with %d servers each, into an empty table", benchServices, benchServers))
	return b.restore("lvs restore, beside ipvsadm -R", b.command(b.lvs, "restore"), benchServices, benchServers)
}

// restore measures a command that restores a table beside ipvsadm -R, each
// into an empty one.
func (b *benchmark) restore(what string, ours step, services, servers int) error {
	file := filepath.Join(b.dir, "table")
	if err := os.WriteFile(file, []byte(tableText(services, servers)), 0o600); err != nil {
		return err
	}
	empty := b.command("ipvsadm", "-C")
	theirs := b.command("ipvsadm", "-R")
	for _, s := range []*step{&ours, &theirs} {
		s.input, s.before = file, &empty
	}
	return b.pair(what, ours, theirs, timesFaster(10))
}

// applies measures cluster files: one that changes nothing, one that makes the
// whole table, and a very large one.
func (b *benchmark) applies() error {
	if err := b.ipvsadmText(tableText(benchServices, benchServers)); err != nil {
		return err
	}
	save, cluster := filepath.Join(b.dir, "table"), filepath.Join(b.dir, "cluster.yaml")
	if err := b.export(cluster); err != nil {
		return err
	}
	if err := os.WriteFile(save, []byte(tableText(benchServices, benchServers)), 0o600); err != nil {
		return err
	}
	b.title(fmt.Sprintf("A cluster file of %d services with %d servers each", benchServices, benchServers))
	apply := b.command(b.lvs, "apply", "--yes", "-f", cluster)
	if err := b.pair("lvs apply that changes nothing, beside lvs list -o json", apply, b.command(b.lvs, "list", "-o", "json"), atMost(1.5)); err != nil {
		return err
	}
	empty := b.command("ipvsadm", "-C")
	theirs := b.command("ipvsadm", "-R")
	theirs.input, theirs.before, apply.before = save, &empty, &empty
	if err := b.pair("lvs apply into an empty table, beside ipvsadm -R", apply, theirs, timesFaster(8)); err != nil {
		return err
	}

	const many = 10_000
	b.title(fmt.Sprintf("A cluster file of %d services with %d servers each", many, benchServers))
	if err := os.WriteFile(save, []byte(tableText(many, benchServers)), 0o600); err != nil {
		return err
	}
	load := b.command(b.lvs, "restore", "--yes", "-q")
	load.input = save
	if _, err := b.measure(load); err != nil {
		return err
	}
	if err := b.export(cluster); err != nil {
		return err
	}
	runs := b.runs
	b.runs = 1 // each takes seconds, and memory hardly differs
	defer func() { b.runs = runs }()
	if err := b.memory("lvs apply into an empty table", apply, 200); err != nil {
		return err
	}
	apply.before = nil
	if err := b.memory("lvs apply that changes nothing", apply, 200); err != nil {
		return err
	}
	_, err := b.measure(empty)
	return err
}

// export writes the table as a cluster file.
func (b *benchmark) export(file string) error {
	if _, err := b.measure(b.command(b.lvs, "export")); err != nil {
		return err
	}
	return os.Rename(filepath.Join(b.dir, "output"), file)
}

// inPlace measures lvs in ipvsadm's place, called by a link of that name, with
// ipvsadm's own command lines.
func (b *benchmark) inPlace() error {
	dir := filepath.Join(b.dir, "in-place")
	link := filepath.Join(dir, "ipvsadm")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := os.Symlink(b.lvs, link); err != nil {
		return err
	}
	both := func(arg string, g goal) error {
		return b.pair("ipvsadm "+arg, b.command(link, arg), b.command("ipvsadm", arg), g)
	}
	for _, size := range [][2]int{{benchServices, benchServers}, {10, 1000}} {
		b.title(fmt.Sprintf("lvs called ipvsadm, %d services with %d servers each", size[0], size[1]))
		if err := b.ipvsadmText(tableText(size[0], size[1])); err != nil {
			return err
		}
		if err := both("-Ln", timesFaster(2)); err != nil {
			return err
		}
		err := b.pair("ipvsadm -Ln --stats", b.command(link, "-Ln", "--stats"), b.command("ipvsadm", "-Ln", "--stats"), timesFaster(2))
		if err != nil {
			return err
		}
		if err := both("-Sn", timesFaster(2)); err != nil {
			return err
		}
		if err := b.restore("ipvsadm -R", b.command(link, "-R"), size[0], size[1]); err != nil {
			return err
		}
	}
	b.title(fmt.Sprintf("lvs called ipvsadm, %d connections", benchConnections))
	if err := b.fillConnections(); err != nil {
		return err
	}
	return both("-Lcn", timesFaster(1.5))
}

func (b *benchmark) connections() error {
	b.title(fmt.Sprintf("%d connections", benchConnections))
	if err := b.fillConnections(); err != nil {
		return err
	}
	ours := b.command(b.lvs, "connections", "-o", "jsonl")
	if err := b.pair("lvs connections -o jsonl, beside ipvsadm -Lcn", ours, b.command("ipvsadm", "-Lcn"), timesFaster(1.5)); err != nil {
		return err
	}
	if err := b.pair("the same, beside cat /proc/net/ip_vs_conn", ours, b.command("cat", "/proc/net/ip_vs_conn"), nil); err != nil {
		return err
	}
	return b.memory("lvs connections -o jsonl", ours, 32)
}
