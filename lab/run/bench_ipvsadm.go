package main

import (
	"fmt"
	"os"
	"path/filepath"
)

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
