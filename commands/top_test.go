package commands

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/operate/state"
)

// A command line of the dashboard works as in a shell: the same checks, the same exit
// status, and undo works.
func TestWithin(t *testing.T) {
	k := memory.New()
	app, out, errs := testApp(k)
	app.Identity = func(string) (string, error) { return "here", nil }
	env := map[string]string{state.Variable: t.TempDir(), "LVS_OUTPUT": "yaml", "LVS_NETNS": "elsewhere"}
	app.Env = func(name string) string { return env[name] }
	if c := (&top{app: app}).lastChange(t.Context()); c.Err == nil {
		t.Errorf("before any change: %+v", c)
	}
	if r := app.within(t.Context(), []string{"service", "add", "fwmark:7"}); r.Status != exitDone {
		t.Fatalf("%+v", r)
	}
	r := app.within(t.Context(), []string{"service", "add", "fwmark:7"})
	if r.Status != exitExists || !strings.HasPrefix(r.Err, "lvs: add service fwmark:7: already exists") {
		t.Errorf("%+v", r)
	}
	// A form of the dashboard asks how many changes a command line would make.
	for scheduler, want := range map[string]string{"wlc": "0\n", "rr": "1\n"} {
		r := app.within(t.Context(),
			[]string{"service", "edit", "fwmark:7", "-s", scheduler, "--dry-run", "--jq=.items | length"})
		if r.Status != exitDone || r.Out != want {
			t.Errorf("a dry run with %s: %+v, want %q", scheduler, r, want)
		}
	}
	if r := app.within(t.Context(), []string{"list"}); r.Status != exitDone || !strings.HasPrefix(r.Out, "SERVICE") {
		t.Errorf("it uses the format of the environment: %+v", r)
	}
	c := (&top{app: app}).lastChange(t.Context())
	if c.Err != nil || c.Command != "lvs service add fwmark:7" ||
		len(c.Args) != 3 || c.Args[0] != "undo" || c.Args[2] != "--yes" {
		t.Errorf("the last change is %+v", c)
	}
	if r := app.within(t.Context(), c.Args); r.Status != exitDone {
		t.Errorf("%+v", r)
	}
	if snap, err := k.Snapshot(t.Context()); err != nil || len(snap.Services) != 0 {
		t.Errorf("not undone: %v, %v", snap, err)
	}
	if out.Len()+errs.Len() > 0 {
		t.Errorf("it wrote over the dashboard: %q, %q", out, errs)
	}
}

func TestWhyReadOnly(t *testing.T) {
	for _, c := range []struct {
		name   string
		option bool
		break_ func(*memory.Kernel)
		want   string
	}{
		{"all is well", false, func(*memory.Kernel) {}, ""},
		{"asked for", true, func(*memory.Kernel) {}, "--read-only was given"},
		{"no privilege", false, (*memory.Kernel).Deny, "no privilege: run as root, or with CAP_NET_ADMIN: sudo lvs …"},
		{"no IPVS, which may come", false, (*memory.Kernel).Unload, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := memory.New()
			c.break_(k)
			app, _, _ := testApp(k)
			if got, err := (&top{app: app, readOnly: c.option}).whyReadOnly(t.Context()); err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestConfigFolder(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"XDG_CONFIG_HOME": "/c", "HOME": "/home/a"}, filepath.FromSlash("/c/lvs")},
		{map[string]string{"XDG_CONFIG_HOME": "relative", "HOME": "/home/a"}, filepath.FromSlash("/home/a/.config/lvs")},
		{map[string]string{"HOME": "/home/a"}, filepath.FromSlash("/home/a/.config/lvs")},
		{nil, ""},
	} {
		t.Run(c.want, func(t *testing.T) {
			if got := configDir(func(name string) string { return c.env[name] }); got != c.want {
				t.Errorf("%v: %q, want %q", c.env, got, c.want)
			}
		})
	}
}

func TestLocale(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"LANG": "C"}, false},
		{map[string]string{"LANG": "de_DE.UTF-8"}, true},
		{map[string]string{"LC_CTYPE": "en_US.utf8", "LANG": "C"}, true},
		{map[string]string{"LC_ALL": "C", "LANG": "en_US.UTF-8"}, false},
	} {
		t.Run(fmt.Sprint(c.env), func(t *testing.T) {
			if got := utf8Locale(func(name string) string { return c.env[name] }); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// Changes in a demo reach only its own table: neither the kernel nor the user's state
// directory.
func TestDemoIsOnItsOwn(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	own := t.TempDir()
	a := &App{
		Name: "lvs", Now: func() time.Time { return now },
		Env: func(name string) string {
			if name == state.Variable {
				return own
			}
			return ""
		},
		OpenKernel: func(kernel.Options) (kernel.Kernel, error) { return nil, errors.New("the real kernel was opened") },
	}
	end, err := startDemo(a)
	if err != nil {
		t.Fatal(err)
	}
	dir := a.state().Dir
	const service, server = "tcp://192.0.2.10:443", "10.0.0.11:8443"
	weight := func() string {
		r := a.within(t.Context(), []string{"list", service, "-o", "csv", "--columns", "server,weight,active"})
		if r.Status != 0 {
			t.Fatalf("%+v", r)
		}
		for line := range strings.Lines(r.Out) {
			if rest, ok := strings.CutPrefix(line, server+","); ok {
				return strings.TrimSpace(rest)
			}
		}
		t.Fatalf("no %s in %s", server, r.Out)
		return ""
	}
	if got := weight(); !strings.HasPrefix(got, "100,") || got == "100,0" {
		t.Errorf("weight and active connections are %s at first, want 100 and some", got)
	}
	if r := a.within(t.Context(), []string{"weight", service, server, "0"}); r.Status != 0 {
		t.Errorf("%+v", r)
	}
	now = now.Add(4 * time.Minute)
	if got := weight(); got != "0,0" {
		t.Errorf("weight and active connections are %s, want 0,0: it was drained", got)
	}
	if r := a.within(t.Context(), []string{"undo", "--yes"}); r.Status != 0 {
		t.Errorf("%+v", r)
	}
	if got := weight(); !strings.HasPrefix(got, "100,") {
		t.Errorf("the weight is %s after undo, want 100", got)
	}
	end()
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	if left, err := os.ReadDir(own); err != nil || len(left) > 0 {
		t.Errorf("the user's directory has %v, %v", left, err)
	}
}
