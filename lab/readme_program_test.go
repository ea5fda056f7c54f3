package lab_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

// TestProgramReadme runs the README's section about the self-healing cluster, on three
// machines with nginx. Each command has to print what the README says, if not at once, then
// after some seconds. The service works all the time.
func TestProgramReadme(t *testing.T) {
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Servers: 2, Forward: lab.Direct, VIP4: netip.MustParseAddr("192.0.2.10")})
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## From nothing to a self-healing web cluster\n")
	section, _, _ = strings.Cut(section, "\n## ")
	_, file, _ := strings.Cut(section, "\n```yaml\n")
	file, _, _ = strings.Cut(file, "```\n")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("cluster.yaml", []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", links(t, "lvs")+":"+os.Getenv("PATH"))
	t.Setenv("LVS_STATE_DIR", t.TempDir())
	t.Setenv("LVS_RUN_DIR", t.TempDir())
	r := readmeSession{t: t, nodes: map[string]*lab.Node{"director": c.Director},
		web: map[string]*lab.Running{}}
	for i, s := range c.Servers {
		name := fmt.Sprintf("web%d", i+1)
		r.nodes[name] = s.Node
		r.web[name] = lab.NewProgram(t, &s.Namespace, lab.Nginx("listen 80; return 200 "+name+";", 80))
	}
	done := 0
	for _, step := range labSteps(section) {
		r.run(step)
		if strings.Contains(step.answer, "healthy") {
			for range 6 {
				if _, err := c.Clients[0].Get("http://192.0.2.10/"); err != nil {
					t.Errorf("after %s: %v", step.command, err)
				}
			}
		}
		done++
	}
	if done < 14 {
		t.Errorf("the section has only %d commands", done)
	}
}

// labStep is a command of the README, the machine it runs on, and what it prints. In that,
// … stands for any text.
type labStep struct{ node, command, answer string }

// labSteps returns the commands of the blocks that are for the lab.
func labSteps(text string) (out []labStep) {
	prompt := regexp.MustCompile(`^([a-z0-9]+)# (.*)`)
	inside := false
	for line := range strings.Lines(text) {
		m := prompt.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console lab\n"
		case inside && m != nil:
			out = append(out, labStep{node: m[1], command: m[2]})
		case inside && len(out) > 0:
			out[len(out)-1].answer += line
		}
	}
	return out
}

type readmeSession struct {
	t     *testing.T
	nodes map[string]*lab.Node
	web   map[string]*lab.Running
}

func (r *readmeSession) run(s labStep) {
	r.t.Helper()
	node := r.nodes[s.node]
	if node == nil {
		r.t.Fatalf("there is no machine %s", s.node)
	}
	sysctl, isSysctl := strings.CutPrefix(s.command, "sysctl -w ")
	lvs, background := strings.CutSuffix(s.command, " &")
	var err error
	switch {
	case isSysctl: // the program is not on every machine
		for _, set := range strings.Fields(sysctl) {
			name, value, _ := strings.Cut(set, "=")
			err = errors.Join(err, node.Sysctl(name, value))
		}
	case s.command == "systemctl stop nginx":
		err = r.web[s.node].Stop(syscall.SIGTERM)
	case s.command == "systemctl start nginx":
		err = r.web[s.node].Start()
	case background:
		err = r.background(node, lvs)
	default:
		r.prints(node, s)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// background starts a command that runs until the test ends.
func (r *readmeSession) background(node *lab.Node, command string) error {
	d, err := node.Daemon(exec.Command("sh", "-c", "exec "+command))
	if err == nil {
		r.t.Cleanup(func() {
			if err := d.Stop(); err != nil {
				r.t.Error(err)
			}
			if r.t.Failed() {
				r.t.Log(d.Output())
			}
		})
	}
	return err
}

// prints runs a command until it prints what the README says.
func (r *readmeSession) prints(node *lab.Node, s labStep) {
	r.t.Helper()
	parts := strings.Split(s.answer, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	want := regexp.MustCompile("^(?s)" + strings.Join(parts, ".*") + "$")
	once := !strings.Contains(s.command, "status")
	var last string
	defer func() { r.t.Logf("%s# %s\n%s", s.node, s.command, last) }()
	lab.Eventually(r.t, 30*time.Second, func() error {
		out, err := node.Run("sh", "-c", s.command+" 2>&1")
		last = out
		if err == nil && !want.MatchString(out) {
			err = fmt.Errorf("%s prints\n%swant\n%s", s.command, out, s.answer)
		}
		if err != nil && once {
			r.t.Fatal(err)
		}
		return err
	})
}
