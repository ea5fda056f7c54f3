package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"lvs/lab/machine"
)

// olderCommit is the commit that starts are compared with: the last one before they were
// made cheaper (docs/decisions/0004-start-up.md).
const olderCommit = "3006324"

// The host builds the older lvs and passes its path in olderVariable, or the reason why it
// is missing in whyNotVariable.
const (
	olderVariable  = "LVS_BENCH_OLDER"
	whyNotVariable = "LVS_BENCH_OLDER_WHY_NOT"
)

// addOlder adds the older lvs to a job.
func (l *launcher) addOlder(ctx context.Context, dir string, job *machine.Job) {
	cache, err := machine.OpenCache(l.say)
	var older string
	if err == nil {
		older, err = cache.Older(ctx, dir, olderCommit)
	}
	pass := olderVariable + "=" + older
	if err != nil {
		pass = whyNotVariable + "=" + err.Error()
	} else {
		job.Bring = append(job.Bring, filepath.Dir(older))
	}
	for i := range job.Commands {
		job.Commands[i].Env = append(job.Commands[i].Env, pass)
	}
}

// older returns the older lvs, or prints why it is missing.
func (b *benchmark) older() (path string, ok bool) {
	if path = os.Getenv(olderVariable); path == "" {
		fmt.Fprintf(b.out, "  lvs as it was at %s is missing: %s\n", olderCommit, os.Getenv(whyNotVariable))
	}
	return path, path != ""
}

// olderStart measures starts, which must not become slower, on the present table.
func (b *benchmark) olderStart() error {
	b.title("Start-up beside lvs of " + olderCommit)
	older, ok := b.older()
	if !ok {
		return nil
	}
	for _, args := range [][]string{{"version"}, {"list"}} {
		ours, theirs := b.command(b.lvs, args...), b.command(older, args...)
		a, o, err := b.inTurn(ours, theirs)
		if err != nil {
			return err
		}
		what := "lvs " + args[0]
		wall, faults := medianRatio(a, o, wallOf), medianRatio(a, o, faultsOf)
		b.row(what, millis(medianWall(a)), millis(medianWall(o)), times(wall), wall, atMost(0.75))
		b.row(what+", page faults", fmt.Sprint(medianFaults(a)), fmt.Sprint(medianFaults(o)),
			times(faults), faults, atMost(0.75))
	}
	return nil
}

// olderTables measures commands on a large table, which a cheaper start must not slow down.
func (b *benchmark) olderTables() error {
	b.title(fmt.Sprintf("%d services with %d servers each, beside lvs of %s", benchServices, benchServers, olderCommit))
	older, ok := b.older()
	if !ok {
		return nil
	}
	text := tableText(benchServices, benchServers)
	file := filepath.Join(b.dir, "older")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if err := b.ipvsadmText(text); err != nil {
		return err
	}
	empty := b.command("ipvsadm", "-C")
	for _, row := range []struct {
		args  []string
		input string
		first *step
	}{
		{args: []string{"list"}},
		{args: []string{"save"}},
		{args: []string{"restore"}, input: file, first: &empty},
	} {
		ours, theirs := b.command(b.lvs, row.args...), b.command(older, row.args...)
		for _, s := range []*step{&ours, &theirs} {
			s.input, s.before = row.input, row.first
		}
		if err := b.pair("lvs "+row.args[0], ours, theirs, atMost(1.05)); err != nil {
			return err
		}
	}
	return nil
}
