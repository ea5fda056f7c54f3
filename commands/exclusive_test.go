package commands

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// meddling is a kernel whose table another program changes right before the next change.
type meddling struct {
	kernel.Kernel
	before func()
}

func (m *meddling) Apply(ctx context.Context, changes []kernel.Change) error {
	if before := m.before; before != nil {
		m.before = nil
		before()
	}
	return m.Kernel.Apply(ctx, changes)
}

// What another program changes between reading and writing ends in a table as wanted, or
// in an error that says so.
func TestRace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yaml")
	text := "apiVersion: lvs/v1\nkind: Cluster\nservices:\n" +
		"- {address: " + theWeb + ", servers: [{address: 10.0.0.11, weight: 9}, 10.0.0.14]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const (
		dropServer  = "ipvsadm -d -t 192.0.2.10:80 -r 10.0.0.11:80" // takes no lock
		addServer   = "ipvsadm -a -t 192.0.2.10:80 -r 10.0.0.14:80 -w 7"
		dropService = "ipvsadm -D -t 192.0.2.10:80"
	)
	gone := "it was deleted by someone else meanwhile"
	for name, c := range map[string]struct {
		other, line string
		status      int
		says        string
	}{
		"apply, a server is deleted":   {dropServer, "apply --yes -f " + file, exitDone, ""},
		"apply, a server is added":     {addServer, "apply --yes -f " + file, exitDone, ""},
		"apply, the service is gone":   {dropService, "apply --yes -f " + file, exitDone, ""},
		"weight, the server is gone":   {dropServer, "weight " + theWeb + " 10.0.0.11 7", exitNotFound, gone},
		"delete, the service is gone":  {dropService, "service delete --yes " + theWeb, exitNotFound, gone},
		"drain, the service is gone":   {dropService, "drain --yes 10.0.0.11 --service " + theWeb, exitNotFound, gone},
		"edit, the server is gone too": {dropServer, "server edit " + theWeb + " 10.0.0.11 -w 3", exitNotFound, gone},
	} {
		t.Run(name, func(t *testing.T) {
			k := drainTable(t)
			app, _, errs := testApp(&meddling{k, func() { run(t, k, c.other) }})
			if status := app.Run(t.Context(), strings.Fields(c.line)); status != c.status ||
				!strings.Contains(errs.String(), c.says) {
				t.Errorf("exit status %d: %s", status, errs)
			}
			if c.status != exitDone {
				return
			}
			got := run(t, k, "server list "+theWeb+" -o csv --no-headers --columns server,weight --sort server")
			if !strings.HasPrefix(got, "10.0.0.11:80,9\n") || !strings.Contains(got, "10.0.0.14:80,1\n") {
				t.Errorf("the servers are %s", got)
			}
		})
	}
}

// Two commands at once: the second waits until the first has written, and then reads.
func TestOneAtATime(t *testing.T) {
	t.Setenv("LVS_STATE_DIR", t.TempDir())
	k := drainTable(t)
	reading := make(chan bool)
	slow, _, slowErrs := testApp(&held{k, reading})
	done := make(chan int)
	go func() { done <- slow.Run(context.Background(), strings.Fields("weight "+theWeb+" 10.0.0.11 +1")) }()
	<-reading // it has the lock, and is about to read
	app, _, errs := testApp(k)
	raise := "weight " + theWeb + " 10.0.0.11 +1"
	weight := "server list " + theWeb + " -o csv --no-headers --columns weight --filter server=10.0.0.11:80"
	if status := app.Run(t.Context(), strings.Fields(raise+" --timeout 50ms")); status != exitTimeout {
		t.Errorf("exit status %d: %s", status, errs)
	}
	if got := run(t, k, weight); got != "5\n" {
		t.Errorf("the weight is %s", got)
	}
	reading <- true
	if status := <-done; status != exitDone {
		t.Fatalf("exit status %d: %s", status, slowErrs)
	}
	run(t, k, raise)
	if got := run(t, k, weight); got != "7\n" {
		t.Errorf("the weight is %s", got)
	}
}

// held is a kernel whose first reading waits.
type held struct {
	*memory.Kernel
	reading chan bool
}

func (h *held) Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	if r := h.reading; r != nil {
		h.reading = nil
		r <- true
		<-r
	}
	return h.Kernel.Snapshot(ctx, only...)
}
