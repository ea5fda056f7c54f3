package commands

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/operate/state"
)

// testApp returns an App whose user confirms everything.
func testApp(k kernel.Kernel) (app *App, out, err *bytes.Buffer) {
	out, err = &bytes.Buffer{}, &bytes.Buffer{}
	now := time.Unix(0, 0) // only Sleep advances it
	return &App{
		In: strings.NewReader("y\n"), Out: out, Err: err,
		InTerminal: Terminal{Is: true}, ErrTerminal: Terminal{Is: true},
		Name: "lvs",
		// The state directory is that of TestMain.
		Env: func(name string) string {
			if name == state.Variable {
				return os.Getenv(name)
			}
			return ""
		},
		Now: func() time.Time { return now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			now = now.Add(d)
			return ctx.Err()
		},
		Detach: func(_ []string, files []*os.File, _ state.Folder) error {
			_, err := syscall.Dup(int(files[0].Fd())) // the process would hold the job
			return err
		},
		Identity: func(string) (string, error) { return "boot/1", nil },
		OpenKernel: func(o kernel.Options) (kernel.Kernel, error) {
			return k, nil
		},
	}, out, err
}

func everyCommand(t *testing.T, visit func(t *testing.T, c *cobra.Command)) {
	app, _, _ := testApp(nil)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		t.Run(c.CommandPath(), func(t *testing.T) { visit(t, c) })
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(app.Root())
}

func TestEveryCommandIsExplained(t *testing.T) {
	everyCommand(t, func(t *testing.T, c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("the short description %q is missing or ends in a full stop", c.Short)
		}
		if c.Long == "" || c.Long == c.Short {
			t.Error("there is no description")
		}
		for line := range strings.SplitSeq(c.Long+"\n"+c.Example, "\n") {
			if len(line) > 90 {
				t.Errorf("too long for a terminal: %q", line)
			}
		}
		if c.Example == "" && !c.HasSubCommands() {
			t.Error("there are no examples")
		}
		if !c.Runnable() {
			t.Error("without a subcommand it would print help and exit 0")
		}
		if !c.HasSubCommands() && c.ValidArgsFunction == nil {
			t.Error("completion would propose files")
		}
	})
}

func TestEveryOptionStatesItsDefault(t *testing.T) {
	everyCommand(t, func(t *testing.T, c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" {
				return
			}
			value, usage := pflag.UnquoteUsage(f)
			_, global := f.Annotations[globalFlag]
			switch {
			case usage == "":
				t.Errorf("--%s is not explained", f.Name)
			case f.Value.Type() == "bool":
			case c.Name() == "edit" && !global && !strings.HasPrefix(usage, "in place of"):
				// What is not named stays as it is: a default would be wrong.
				if strings.Contains(usage, "default") {
					t.Errorf("--%s %s of edit states a default: %s", f.Name, value, usage)
				}
			case !strings.Contains(usage, "default") && !strings.Contains(usage, "needed") &&
				!strings.HasPrefix(usage, "in place of") && f.Name != "jq" && f.Name != "template":
				t.Errorf("--%s %s does not state its default: %s", f.Name, value, usage)
			}
		})
	})
}

// Users paste examples, so every example must work.
func TestExamplesWork(t *testing.T) {
	t.Chdir("testdata/examples")
	everyCommand(t, func(t *testing.T, c *cobra.Command) {
		for line := range strings.SplitSeq(c.Long+"\n"+c.Example, "\n") {
			words, ok := strings.CutPrefix(line, "  lvs")
			if !ok || strings.Contains(words, "--netns") {
				continue
			}
			k := memory.New()
			app, out, errs := testApp(k)
			app.Identity = func(string) (string, error) { return fmt.Sprintf("boot/%p", k), nil } // a table of its own
			slept, pass := 0, app.Sleep
			app.Sleep = func(ctx context.Context, d time.Duration) error { // end what waits forever
				if slept++; slept > 1000 {
					return context.DeadlineExceeded
				}
				return pass(ctx, d)
			}
			prepare := [][]string{
				{"service", "add", "tcp://192.0.2.10:80"},
				{"service", "add", "fwmark:7", "--persistent"},
				{"server", "add", "tcp://192.0.2.10:80", "10.0.0.11", "-w", "5"},
			}
			for _, args := range prepare {
				app.Run(context.Background(), args)
			}
			out.Reset()
			for one := range strings.SplitSeq(words, "| lvs ") {
				app.global = globals{}
				errs.Reset()
				if out.Len() > 0 { // of the command before it in the pipe
					app.In, app.InTerminal = strings.NewReader(out.String()), Terminal{}
				}
				out.Reset()
				switch status := app.Run(context.Background(), split(one)); status {
				case exitDone, exitNotFound, exitExists, exitTimeout:
				default:
					if strings.Contains(errs.String(), "standard output is not a terminal") {
						continue // the arguments are valid
					}
					if c.Name() == "diff" && status == exitNo || c.Name() == "status" && status == nagiosUnknown {
						continue
					}
					t.Errorf("lvs%s: exit status %d\n%s%s", words, status, out, errs)
				}
			}
		}
	})
}

// split splits a command line as far as the examples need it.
func split(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			plain, _, redirected := strings.Cut(part, " > ")
			plain, _, piped := strings.Cut(plain, " | jq")
			out = append(out, strings.Fields(plain)...)
			if redirected || piped {
				break
			}
		}
	}
	return out
}

// Descriptions have no marks, and only --file completes with files.
func TestCompletionOfOptions(t *testing.T) {
	app, _, _ := testApp(nil)
	root := app.rootFor([]string{"__complete", ""})
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if strings.Contains(f.Usage, "`") {
				t.Errorf("%s --%s: %s", c.CommandPath(), f.Name, f.Usage)
			}
			if _, ok := c.GetFlagCompletionFunc(f.Name); !ok && f.Value.Type() != "bool" && f.Name != "file" {
				t.Errorf("%s --%s proposes files", c.CommandPath(), f.Name)
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
