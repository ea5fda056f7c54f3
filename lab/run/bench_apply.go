package main

import (
	"fmt"
	"os"
	"path/filepath"
)

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
