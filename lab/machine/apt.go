package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// archive is one suite of Debian, read with a configuration of its own: it
// needs no privilege and does not touch the host's lists and packages.
type archive struct {
	suite   string   // such as bookworm
	dir     string   // of apt's lists and downloads
	options []string // of apt
}

// archiveKeys are those that Debian signs its archive with.
const archiveKeys = "/usr/share/keyrings/debian-archive-keyring.gpg"

// fetchTries is how many times a download is tried.
const fetchTries = 4

// openArchive prepares a suite in dir and reads its list of packages.
func openArchive(ctx context.Context, dir, suite string) (*archive, error) {
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s is missing: the lab fetches its kernels as Debian packages; "+
				"run it on Debian, or set LVS_LAB=host on a machine with IPVS and root", tool)
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
	line := fmt.Sprintf("deb [arch=%s target=Packages signed-by=%s] %s %s main\n",
		debianArch(ctx), archiveKeys, mirror, suite)
	empty := filepath.Join(dir, "status") // no package counts as installed
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

// closure returns the names of the packages and of all that they depend on.
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

// dependency returns the first dependency of a package that begins with prefix.
// A metapackage depends on the present version of a kernel.
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

// unpack downloads packages and unpacks them below root.
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

// run runs apt-get, apt-cache or dpkg in a folder.
func (a *archive) run(ctx context.Context, dir, tool string, args ...string) error {
	cmd := exec.CommandContext(ctx, tool, a.arguments(tool, args)...)
	cmd.Dir = dir
	return quiet(cmd)
}

// output runs a tool as run does and returns what it prints.
func (a *archive) output(ctx context.Context, tool string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, tool, a.arguments(tool, args)...)
	var out bytes.Buffer
	cmd.Stdout = &out
	err := quiet(cmd)
	return out.String(), err
}

// arguments returns the arguments of a tool; dpkg takes no options of apt.
func (a *archive) arguments(tool string, args []string) []string {
	if tool == "dpkg" {
		return args
	}
	return append(append([]string{}, a.options...), args...)
}

// fetchClosure fills dir with packages of the host's release and all that
// they depend on, except for unused.
func fetchClosure(ctx context.Context, dir string, unused []string, packages ...string) error {
	apt, err := openArchive(ctx, filepath.Join(dir, "apt"), hostRelease())
	if err != nil {
		return err
	}
	names, err := apt.closure(ctx, packages...)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(unused, name) })
	if err := apt.unpack(ctx, dir, names...); err != nil {
		return err
	}
	return errors.Join(mergeUsr(dir), os.RemoveAll(filepath.Join(dir, "apt")))
}

// quiet runs a command. What it prints is in the error only.
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

// retry repeats a download that fails, after a pause that grows each time: a
// mirror that is being updated is consistent again after some seconds.
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

// findMirror returns the mirror that this machine takes its own packages from,
// or $LVS_LAB_MIRROR.
func findMirror(ctx context.Context) (string, error) {
	if m := os.Getenv("LVS_LAB_MIRROR"); m != "" {
		return m, nil
	}
	const format = "$(REPO_URI) $(CODENAME) $(SUITE)"
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", format).Output()
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
	return "", fmt.Errorf("apt has no package source for %q: set LVS_LAB_MIRROR to a Debian mirror", release)
}

// hostRelease returns the code name of the host's release, such as "bookworm".
// It is empty if the host has none.
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

// debianArch returns the host's architecture as Debian calls it.
func debianArch(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "dpkg", "--print-architecture").Output()
	if err != nil {
		return "amd64"
	}
	return strings.TrimSpace(string(out))
}
