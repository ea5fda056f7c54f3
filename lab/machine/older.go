package machine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Older returns lvs as it was at a commit, built from the history of the repository
// that dir belongs to.
func (c *Cache) Older(ctx context.Context, dir, commit string) (string, error) {
	run := func(dir string, env []string, argv ...string) error {
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", argv[0], err, lastLine(out))
		}
		return nil
	}
	built, err := c.folder("lvs-"+commit, func(to string) error {
		c.say("building lvs as it was at %s…", commit)
		source, tree := filepath.Join(to, "source"), filepath.Join(to, "source.tar")
		if err := os.Mkdir(source, 0o755); err != nil {
			return err
		}
		if err := run(dir, nil, "git", "archive", "-o", tree, commit); err != nil {
			return err
		}
		if err := run(source, nil, "tar", "-xf", tree); err != nil {
			return err
		}
		if err := run(source, []string{"CGO_ENABLED=0", "GOFLAGS="}, "go", "build", "-trimpath", "-buildvcs=false",
			"-ldflags", "-s -w -X lvs/commands.version="+commit, "-o", filepath.Join(to, "lvs"), "./cmd/lvs"); err != nil {
			return err
		}
		return keepOnly(to, "lvs")
	})
	return filepath.Join(built, "lvs"), err
}

// lastLine returns what a program said last.
func lastLine(out []byte) []byte {
	out = bytes.TrimSpace(out)
	return out[bytes.LastIndexByte(out, '\n')+1:]
}
