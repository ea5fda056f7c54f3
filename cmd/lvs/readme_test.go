package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the output of the commands into the pages")

// TestReadme runs the commands of all console blocks in a page, one after the other, in one
// folder and on one kernel, and compares their output with the page.
func TestReadme(t *testing.T) {
	for _, page := range []struct {
		path     string
		commands int // at least
	}{{"README.md", 30}, {"docs/from-keepalived.md", 3}, {"docs/from-ldirectord.md", 3}} {
		t.Run(page.path, func(t *testing.T) { testPage(t, "../../"+page.path, page.commands) })
	}
}

func testPage(t *testing.T, page string, commands int) {
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	blocks := sessions(string(b))
	if len(blocks) < commands {
		t.Fatalf("the page has only %d commands", len(blocks))
	}
	var script strings.Builder
	for i := range blocks {
		fmt.Fprintf(&script, "session %d\n", i)
	}
	if err := os.WriteFile(filepath.Join(dir, "readme.txtar"), []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	p := params(dir)
	setup := p.Setup
	p.Setup = func(env *testscript.Env) error {
		examples, err := filepath.Abs("../../examples")
		if err != nil {
			return err
		}
		return errors.Join(setup(env), os.Symlink(examples, filepath.Join(env.WorkDir, "examples")))
	}
	p.Cmds["session"] = func(ts *testscript.TestScript, neg bool, args []string) {
		var i int
		if _, err := fmt.Sscan(args[0], &i); err != nil {
			ts.Fatalf("%v", err)
		}
		_ = ts.Exec("sh", "-c", "{ "+blocks[i].command+"\n} 2>&1") // the answer shows a failure
		got := ts.ReadFile("stdout")
		if *update {
			blocks[i].answer = got
		} else if d := cmp.Diff(blocks[i].answer, got); d != "" && !blocks[i].matches(got) {
			t.Errorf("$ %s (-page +got)\n%s", blocks[i].command, d)
		}
	}
	t.Run("run", func(t *testing.T) { testscript.Run(t, p) })
	if *update {
		if err := os.WriteFile(page, []byte(rewrite(string(b), blocks)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// session is a command with its output. In the output, … matches any text.
type session struct{ command, answer string }

func (s *session) matches(got string) bool {
	if !strings.Contains(s.answer, "…") {
		return false
	}
	parts := strings.Split(s.answer, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^(?s)" + strings.Join(parts, ".*") + "$").MatchString(got)
}

// sessions returns the commands of the console blocks.
func sessions(text string) []session {
	var out []session
	inside := false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console\n"
		case inside && strings.HasPrefix(line, "$ "):
			out = append(out, session{command: strings.TrimSpace(line[2:])})
		case inside && len(out) > 0:
			out[len(out)-1].answer += line
		}
	}
	return out
}

// rewrite returns the text with the new output.
func rewrite(text string, blocks []session) string {
	var out strings.Builder
	inside, next := false, 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			inside = line == "```console\n"
		}
		if !inside || strings.HasPrefix(line, "```") {
			out.WriteString(line)
		} else if strings.HasPrefix(line, "$ ") {
			out.WriteString(line + blocks[next].answer)
			next++
		}
	}
	return out.String()
}
