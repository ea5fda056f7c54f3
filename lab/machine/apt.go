package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// archive is one suite of Debian, read with a configuration of its own: it
// needs no privilege, and the host's lists and installed packages stay as
// they are.
type archive struct {
	suite   string
	dir     string
	options []string
}

// fetchTries is how often a failing download is tried before giving up.
const fetchTries = 4

// openArchive prepares a suite in dir and reads its list of packages.
func openArchive(ctx context.Context, dir, suite string) (*archive, error) {
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s is missing: the lab fetches its kernels as Debian packages; run it on Debian, or set LVS_LAB=host on a machine with IPVS and root", tool)
		}
	}
	mirror, err := findMirror(ctx)
	if err != nil {
		return nil, err
	}
	a := &archive{suite: suite, dir: dir}
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	sources := filepath.Join(dir, "sources.list")
	line := fmt.Sprintf("deb [arch=%s target=Packages signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n",
		debianArch(ctx), mirror, suite)
	empty := filepath.Join(dir, "status") // nothing counts as installed
	if err := errors.Join(os.WriteFile(sources, []byte(line), 0o644), os.WriteFile(empty, nil, 0o644)); err != nil {
		return nil, err
	}
	for _, o := range []string{
		"Dir::Etc::sourcelist=" + sources,
		"Dir::Etc::sourceparts=-",
		"Dir::Etc::preferencesparts=-",
		"Dir::State=" + dir,
		"Dir::State::status=" + empty,
		"Dir::State::Lists=" + filepath.Join(dir, "lists"),
		"Dir::Cache=" + filepath.Join(dir, "cache"),
		"Acquire::Languages=none",
		"Acquire::Retries=3",
		"APT::Sandbox::User=",
		"APT::Install-Recommends=false",
		"APT::Get::List-Cleanup=false",
		"Debug::NoLocking=true",
	} {
		a.options = append(a.options, "-o", o)
	}
	return a, retry(ctx, func() error { return a.run(ctx, dir, "apt-get", "update") })
}

// closure names the packages and everything that they depend on.
func (a *archive) closure(ctx context.Context, packages ...string) ([]string, error) {
	out, err := a.output(ctx, "apt-get", append([]string{"-s", "install"}, packages...)...)
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, "Inst "); ok {
			names = append(names, strings.Fields(rest)[0])
		}
	}
	return names, nil
}

// dependency returns the first dependency of a package whose name begins so.
// A metapackage names the present version of a kernel in this way.
func (a *archive) dependency(ctx context.Context, pkg, prefix string) (string, error) {
	out, err := a.output(ctx, "apt-cache", "depends", pkg)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: ")
		if ok && strings.HasPrefix(name, prefix) {
			return name, nil
		}
	}
	return "", fmt.Errorf("%s in %s depends on no %s…", pkg, a.suite, prefix)
}

// unpack downloads the packages and unpacks them below root.
func (a *archive) unpack(ctx context.Context, root string, packages ...string) error {
	debs, err := os.MkdirTemp(a.dir, "debs-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(debs)
	err = retry(ctx, func() error {
		return a.run(ctx, debs, "apt-get", append([]string{"download"}, packages...)...)
	})
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(debs, "*.deb"))
	if err != nil || len(files) < len(packages) {
		return fmt.Errorf("apt-get downloaded %d of %d packages from %s", len(files), len(packages), a.suite)
	}
	for _, f := range files {
		if err := a.run(ctx, debs, "dpkg", "-x", f, root); err != nil {
			return err
		}
	}
	return nil
}

func (a *archive) run(ctx context.Context, dir, tool string, args ...string) error {
	cmd := exec.CommandContext(ctx, tool, a.arguments(tool, args)...)
	cmd.Dir = dir
	return quiet(cmd)
}

func (a *archive) output(ctx context.Context, tool string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, tool, a.arguments(tool, args)...)
	var out bytes.Buffer
	cmd.Stdout = &out
	err := quiet(cmd)
	return out.String(), err
}

func (a *archive) arguments(tool string, args []string) []string {
	if tool == "dpkg" {
		return args
	}
	return append(append([]string{}, a.options...), args...)
}

// quiet runs a command and shows what it printed only in its error.
func quiet(cmd *exec.Cmd) error {
	var said bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &said
	}
	cmd.Stderr = &said
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, strings.TrimSpace(said.String()))
	}
	return nil
}

// retry repeats a download that fails, waiting a little longer each time: a
// mirror in the middle of an update is right again seconds later.
func retry(ctx context.Context, do func() error) error {
	var err error
	for try := range fetchTries {
		if err = do(); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(time.Duration(try+1) * time.Second):
		}
	}
	return err
}

// findMirror asks apt where this machine takes its own packages from.
func findMirror(ctx context.Context) (string, error) {
	if m := os.Getenv("LVS_LAB_MIRROR"); m != "" {
		return m, nil
	}
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(SUITE)").Output()
	if err != nil {
		return "", fmt.Errorf("apt-get indextargets: %w", err)
	}
	release := hostRelease()
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 2 || strings.Contains(f[0], "security") {
			continue
		}
		for _, name := range f[1:] {
			if name == release {
				return f[0], nil
			}
		}
	}
	return "", fmt.Errorf("no package source for %q in apt's configuration; set LVS_LAB_MIRROR to a Debian mirror", release)
}

// hostRelease is the host's code name, for example "bookworm".
func hostRelease() string {
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok {
			return strings.Trim(v, `"`)
		}
	}
	return ""
}

func debianArch(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "dpkg", "--print-architecture").Output()
	if err != nil {
		return "amd64"
	}
	return strings.TrimSpace(string(out))
}
