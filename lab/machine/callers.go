package machine

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// callerPackages are programs that run ipvsadm, bash, which its own scripts are
// written in, and keepalived, which does ipvsadm's work by itself. They are
// large, so a guest has them only when a job asks.
var callerPackages = []string{"ldirectord", "libnet-inet6glue-perl", "bash", "keepalived"}

// Callers returns a tree (usr, etc) with programs that run ipvsadm and all
// that they need, from the host's own release. It is for Job.Callers.
func (c *Cache) Callers(ctx context.Context) (string, error) {
	name := fmt.Sprintf("callers-%s-%08x", hostRelease(), crc32.ChecksumIEEE([]byte(strings.Join(callerPackages, " "))))
	return c.folder(name, func(dir string) error {
		c.say("fetching programs that run ipvsadm (ldirectord, Perl, keepalived; 32 MB)…")
		if err := fetchClosure(ctx, dir, callerPackages...); err != nil {
			return err
		}
		return keepOnly(dir, "usr", "etc")
	})
}

// keepOnly removes what else a folder has.
func keepOnly(dir string, names ...string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// layOver lays a tree over the host's own folders, for this process and what
// it starts: its mounts are private. What they write is gone with them.
func layOver(tree string) error {
	const layer = "/run/lvs-lab-layer" // in memory
	for _, name := range []string{"usr", "etc"} {
		upper, work := filepath.Join(layer, name, "upper"), filepath.Join(layer, name, "work")
		if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
			return err
		}
		dir := "/" + name
		options := fmt.Sprintf("lowerdir=%s:%s,upperdir=%s,workdir=%s", tree+dir, dir, upper, work)
		if err := unix.Mount("overlay", dir, "overlay", 0, options); err != nil {
			return fmt.Errorf("laying %s over %s: %w", tree, dir, err)
		}
	}
	return nil
}
