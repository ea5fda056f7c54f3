package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The sizes of the benchmarks.
const (
	benchServices    = 1000
	benchServers     = 10
	benchConnections = 1_000_000
)

// bench measures lvs against ipvsadm and the raw kernel: whole processes in turn, in one
// boot. A missed goal is not an error, because the machine may be busy. A number among
// the arguments is the number of counted runs of each row; a name selects a part. Without
// a name, all parts run but those of onlyNamed.
func bench(ctx context.Context, lvs string, args []string, out io.Writer) (err error) {
	b := &benchmark{ctx: ctx, lvs: lvs, out: out, runs: 5}
	parts := b.parts()
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	wanted := map[string]bool{}
	for _, arg := range args {
		if n, err := strconv.Atoi(arg); err == nil && n > 0 {
			b.runs = n
			continue
		}
		if !slices.Contains(names, arg) {
			return fmt.Errorf("invalid argument %q, want a number of runs or a part: %s", arg, strings.Join(names, ", "))
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
	fmt.Fprintf(out, "medians of %d runs in turn, after one that is not counted; "+
		"whole processes, output to a file in memory\n\n", b.runs)
	for _, p := range parts {
		if len(wanted) == 0 && !slices.Contains(onlyNamed, p.name) || wanted[p.name] {
			if err := p.run(); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchmark measures the parts and prints their rows.
type benchmark struct {
	ctx context.Context
	// lvs and self are the paths of lvs and of this program.
	lvs, self string
	// dir is a folder in memory, which is removed at the end.
	dir string
	// runs is how many runs of each row are counted.
	runs int
	out  io.Writer
	// filled is set when the connection table is filled.
	filled bool
	// rawRead is how long a raw dump reads the dashboard's table.
	rawRead time.Duration
	// perRefresh is the processor time of one refresh of the dashboard.
	perRefresh time.Duration
}

// onlyNamed are the parts that run only if they are named: they take many minutes, and some need
// other programs.
var onlyNamed = []string{directorPart, checksPart, faultsPart}

// part is a part of the benchmarks that can be selected by its name.
type part struct {
	name string
	run  func() error
}

// parts returns all parts in the order in which they run.
func (b *benchmark) parts() []part {
	return []part{
		{"start", b.startUp},
		{"older", b.olderTables},
		{"list", b.lists},
		{"wide", b.wideList},
		{"restore", b.restores},
		{"apply", b.applies},
		{"large", b.large},
		{"ipvsadm", b.inPlace},
		{"connections", b.connections},
		{"top", b.dashboard},
		{directorPart, b.director},
		{checksPart, b.checks},
		{faultsPart, b.faults},
	}
}

// startUp measures commands that do almost nothing but start.
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

// lists measures a table of many services.
func (b *benchmark) lists() error {
	b.title(fmt.Sprintf("%d services with %d servers each", benchServices, benchServers))
	if err := b.ipvsadmText(tableText(benchServices, benchServers)); err != nil {
		return err
	}
	list := b.command("ipvsadm", "-Ln")
	raw := b.command(b.self, inside, "rawdump")
	json := b.command(b.lvs, "list", "-o", "json")
	stats, theirStats := b.command(b.lvs, "list", "--stats"), b.command("ipvsadm", "-Ln", "--stats")
	for _, row := range []struct {
		what   string
		ours   step
		theirs step
		goal   goal
	}{
		{"lvs list -o json", json, list, timesFaster(2)},
		{"lvs list -o json, beside the raw dump", json, raw, atMost(1.6)},
		{"lvs list, piped", b.command(b.lvs, "list"), list, timesFaster(2)},
		{"lvs list --stats, beside ipvsadm -Ln --stats", stats, theirStats, timesFaster(2)},
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
	json := b.command(b.lvs, "list", "-o", "json")
	if err := b.pair("lvs list -o json", json, b.command("ipvsadm", "-Ln"), timesFaster(2)); err != nil {
		return err
	}
	raw := b.command(b.self, inside, "rawdump")
	return b.pair("lvs list -o json, beside the raw dump", json, raw, atMost(1.6))
}

// restores measures the restore of a saved table.
func (b *benchmark) restores() error {
	b.title(fmt.Sprintf("Restore of %d services with %d servers each, into an empty table", benchServices, benchServers))
	return b.restore("lvs restore, beside ipvsadm -R", b.command(b.lvs, "restore"), benchServices, benchServers)
}

// restore measures a command that restores a table, beside ipvsadm -R. Both begin with an
// empty table.
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

// applies measures cluster files: one that changes nothing, one that creates the whole
// table, and a very large one.
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
	json := b.command(b.lvs, "list", "-o", "json")
	err := b.pair("lvs apply that changes nothing, beside lvs list -o json", apply, json, atMost(1.5))
	if err != nil {
		return err
	}
	empty := b.command("ipvsadm", "-C")
	theirs := b.command("ipvsadm", "-R")
	theirs.input, theirs.before, apply.before = save, &empty, &empty
	err = b.pair("lvs apply into an empty table, beside ipvsadm -R", apply, theirs, timesFaster(8))
	if err != nil {
		return err
	}
	return b.largeApply(apply, save, cluster)
}

// largeApply measures the memory of an apply of a very large cluster file, into an empty
// table and into one that it does not change. save and cluster are the files to use.
func (b *benchmark) largeApply(apply step, save, cluster string) error {
	empty := apply.before
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
	b.runs = 1 // a run takes seconds, and memory hardly differs
	defer func() { b.runs = runs }()
	if err := b.memory("lvs apply into an empty table", apply, 200); err != nil {
		return err
	}
	apply.before = nil
	if err := b.memory("lvs apply that changes nothing", apply, 200); err != nil {
		return err
	}
	_, err := b.measure(*empty)
	return err
}

// export writes the table to a cluster file.
func (b *benchmark) export(file string) error {
	if _, err := b.measure(b.command(b.lvs, "export")); err != nil {
		return err
	}
	return os.Rename(filepath.Join(b.dir, "output"), file)
}

// inPlace measures lvs in place of ipvsadm: called by a link with that name, with the
// command lines of ipvsadm.
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
		ours, theirs := b.command(link, "-Ln", "--stats"), b.command("ipvsadm", "-Ln", "--stats")
		if err := b.pair("ipvsadm -Ln --stats", ours, theirs, timesFaster(2)); err != nil {
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

// besideCat measures the list of connections beside cat. The goal is for what lvs does itself:
// its text is five times as long as the kernel's, and the system stores or moves every page of
// it.
func (b *benchmark) besideCat(ours, raw step) error {
	nowhere, rawNowhere := ours, raw
	nowhere.discard, rawNowhere.discard = true, true
	if err := b.pair("the same, beside cat, both to /dev/null", nowhere, rawNowhere, atMost(1.2)); err != nil {
		return err
	}
	if err := b.pair("the same, beside cat, both to a file in memory", ours, raw, nil); err != nil {
		return err
	}
	piped := func(s step) step { return b.command("sh", "-c", strings.Join(s.argv, " ")+" | cat > /dev/null") }
	return b.pair("the same, beside cat, both into a pipe", piped(ours), piped(raw), nil)
}

// connections measures a large connection table.
func (b *benchmark) connections() error {
	b.title(fmt.Sprintf("%d connections", benchConnections))
	if err := b.fillConnections(); err != nil {
		return err
	}
	ours := b.command(b.lvs, "connections", "-o", "jsonl")
	theirs := b.command("ipvsadm", "-Lcn")
	if err := b.pair("lvs connections -o jsonl, beside ipvsadm -Lcn", ours, theirs, timesFaster(1.5)); err != nil {
		return err
	}
	raw := b.command("cat", "/proc/net/ip_vs_conn")
	if err := b.besideCat(ours, raw); err != nil {
		return err
	}
	groups := b.command(b.lvs, "connections", "--group-by", "client")
	if err := b.pair("lvs connections --group-by client, beside cat", groups, raw, atMost(1.2)); err != nil {
		return err
	}
	if err := b.memory("lvs connections -o jsonl", ours, 32); err != nil {
		return err
	}
	return b.memory("lvs connections --group-by client", groups, 32)
}
