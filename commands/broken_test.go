package commands

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lvs/kernel/memory"
	"lvs/operate/state"
)

// stand has a table with a server of weight 5, and a state folder of its own.
func stand(t *testing.T) *memory.Kernel {
	t.Helper()
	t.Setenv(state.Variable, filepath.Join(t.TempDir(), "state"))
	return tableWithServer(t)
}

// killed runs a command whose background process dies at once.
func killed(t *testing.T, k *memory.Kernel, line string) {
	t.Helper()
	app, _, errs := testApp(k)
	app.Detach = func([]string, []*os.File, state.Folder) error { return nil }
	if status := app.Run(t.Context(), strings.Fields(line)); status != exitDone {
		t.Fatalf("%s: exit status %d: %s", line, status, errs)
	}
}

func saidBy(t *testing.T, k *memory.Kernel, table, line string) string {
	t.Helper()
	app, _, errs := testApp(k)
	app.Identity = func(string) (string, error) { return table, nil }
	if status := app.Run(t.Context(), strings.Fields(line)); status != exitDone {
		t.Fatalf("%s: exit status %d: %s", line, status, errs)
	}
	return errs.String()
}

// A weight that nobody restores any more is reported until somebody restores it.
func TestDeadUndrain(t *testing.T) {
	for _, verb := range []string{"list", "history", "server list tcp://192.0.2.10:80", "drain 10.0.0.11 --dry-run"} {
		t.Run(verb, func(t *testing.T) {
			k := stand(t)
			killed(t, k, "drain 10.0.0.11 --for 30m --yes")
			for range 2 {
				said := saidBy(t, k, "boot/1", verb)
				if !strings.Contains(said, "lvs: the automatic undrain at ") || !strings.Contains(said,
					"lvs drain 10.0.0.11 --for 30m --yes) will not happen: its background process was ended\n"+
						"hint: lvs undrain 10.0.0.11:80 --service tcp://192.0.2.10:80\n") {
					t.Fatalf("it says %q", said)
				}
			}
			if said := saidBy(t, k, "boot/1", verb+" -q"); said != "" {
				t.Errorf("with -q it says %q", said)
			}
			if said := saidBy(t, k, "boot/2", verb); strings.Contains(said, "automatic") {
				t.Errorf("about another table it says %q", said)
			}
			said := saidBy(t, k, "boot/1", "undrain 10.0.0.11:80 --service tcp://192.0.2.10:80")
			if strings.Contains(said, "canceled") || !strings.Contains(said, "will not happen") || weightOf(t, k) != 5 {
				t.Errorf("undrain says %q, the weight is %d", said, weightOf(t, k))
			}
			if said := saidBy(t, k, "boot/1", verb); strings.Contains(said, "automatic") {
				t.Errorf("after that it says %q", said)
			}
		})
	}
}

// The hint for several servers restores them all.
func TestDeadUndrainOfSeveral(t *testing.T) {
	k := stand(t)
	saidBy(t, k, "boot/1", "server add tcp://192.0.2.10:80 10.0.0.12 10.0.0.13 -w 7")
	killed(t, k, "drain 10.0.0.11 10.0.0.12 --for 30m --yes")
	said := saidBy(t, k, "boot/1", "list")
	_, hint, ok := strings.Cut(said, "hint: lvs undrain --job ")
	if !ok || !strings.Contains(hint, " restores 2 weights\n") {
		t.Fatalf("it says %q", said)
	}
	saidBy(t, k, "boot/1", "undrain --job "+strings.Fields(hint)[0])
	if said := saidBy(t, k, "boot/1", "list"); said != "" || weightOf(t, k) != 5 {
		t.Errorf("after that it says %q, the weight is %d", said, weightOf(t, k))
	}
}

// An apply that nobody undoes any more is reported until it is confirmed or undone.
func TestDeadConfirm(t *testing.T) {
	for _, end := range []string{"confirm", "undo --yes"} {
		t.Run(end, func(t *testing.T) {
			k := stand(t)
			file := filepath.Join(t.TempDir(), "web.yaml")
			text := "apiVersion: lvs/v1\nkind: Cluster\nservices:\n- {address: tcp://192.0.2.10:80, scheduler: rr}\n"
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			killed(t, k, "apply --confirm-within 1h --yes -f "+file)
			for _, verb := range []string{"list", "history", end} {
				said := saidBy(t, k, "boot/1", verb)
				if !strings.Contains(said, "lvs: the automatic undo (") || !strings.Contains(said, " will not happen: ") ||
					!strings.Contains(said, "undoes the change, lvs confirm keeps it\n") {
					t.Errorf("%s says %q", verb, said)
				}
			}
			if said := saidBy(t, k, "boot/1", "list"); said != "" {
				t.Errorf("after that it says %q", said)
			}
		})
	}
}

// What a restart of the machine prevented is reported once, by the next command.
func TestRestart(t *testing.T) {
	k := stand(t)
	killed(t, k, "drain 10.0.0.11 --for 30m --yes")
	if said := saidBy(t, k, "boot2/1", "list -q"); said != "" {
		t.Errorf("with -q it says %q", said)
	}
	said := saidBy(t, k, "boot2/1", "list")
	want := "lvs drain 10.0.0.11 --for 30m --yes) did not happen: the machine was restarted before\n"
	if !strings.HasSuffix(said, want) {
		t.Errorf("it says %q", said)
	}
	if said := saidBy(t, k, "boot2/1", "list"); said != "" {
		t.Errorf("again: %q", said)
	}
}
