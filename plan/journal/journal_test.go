package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/kernel"
	"lvs/plan"
	"lvs/safefile"
)

// everyObject is one of each sort, with every setting.
func everyObject() []plan.Object {
	s := kernel.Service{ServiceID: id("udp://[2001:db8::1]:53"), Scheduler: "mh", SchedFlags: 3,
		Persistence: time.Minute, Netmask: 64, Engine: "sip", OnePacket: true}
	plain := kernel.Service{ServiceID: id("fwmark:7/ipv6"), Scheduler: `odd"name`}
	all := kernel.Service{ServiceID: id("tcp://192.0.2.10:80"), Scheduler: "rr", Persistence: time.Hour,
		Netmask: kernel.AllClients}
	v := kernel.Server{Addr: netip.MustParseAddrPort("[2001:db8::11]:53"), Forward: kernel.Tunneling, Weight: 5,
		Upper: 10, Lower: 4294967295,
		Tunnel: kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.RemoteChecksum}}
	zero := kernel.Server{Addr: netip.MustParseAddrPort("10.0.0.11:80"), Forward: kernel.NAT}
	local := kernel.Server{Addr: netip.MustParseAddrPort("10.0.0.12:80"), Forward: kernel.Local, Weight: kernel.MaxWeight}
	d := kernel.Daemon{Role: kernel.Master, Interface: "eth\x1b0", ID: 255,
		Group: netip.MustParseAddrPort("[ff02::81]:0").Addr(), Port: 8848, TTL: 2, MaxLen: 1400}
	return []plan.Object{
		{Service: s.ServiceID, BeforeService: &plain, AfterService: &s},
		{Service: plain.ServiceID, AfterService: &plain},
		{Service: all.ServiceID, BeforeService: &all},
		{Service: s.ServiceID, Server: v.Addr, AfterServer: &v},
		{Service: all.ServiceID, Server: zero.Addr, BeforeServer: &zero, AfterServer: &zero},
		{Service: all.ServiceID, Server: local.Addr, BeforeServer: &local},
		{BeforeDaemon: &d},
		{AfterDaemon: &kernel.Daemon{Role: kernel.Backup, Interface: "lo"}},
		{BeforeTimeouts: &kernel.Timeouts{TCP: time.Hour, TCPFin: time.Second, UDP: time.Minute},
			AfterTimeouts: &kernel.Timeouts{TCP: 24 * time.Hour, TCPFin: time.Second, UDP: time.Minute}},
		{Zeroed: true},
		{Zeroed: true, Service: s.ServiceID},
	}
}

var entryValues = cmp.Options{values, cmpopts.IgnoreFields(plan.Object{}, "Change"), cmpopts.EquateEmpty(),
	cmpopts.IgnoreUnexported(Entry{})}

func begin(t *testing.T, j *Journal, e Entry) uint64 {
	t.Helper()
	id, err := j.Begin(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func entries(t *testing.T, j *Journal) []Entry {
	t.Helper()
	all, err := j.Entries("")
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := all[i].Load(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// file returns the path of the file of a journal's entries.
func file(j *Journal) string { return j.path(base(j.Table, j.Source) + current) }

// oldFile returns the path of the file before.
func oldFile(j *Journal) string { return j.path(base(j.Table, j.Source) + older) }

// more returns an entry with an ID and objects, to be added to another.
func more(id uint64, objects []plan.Object) Entry {
	return Entry{ID: id, Objects: objects, Command: "lvs more"}
}

func TestJournalKeepsEverything(t *testing.T) {
	j := &Journal{Dir: filepath.Join(t.TempDir(), "not", "there"), Table: "boot/1", Source: Job}
	if all := entries(t, j); len(all) > 0 {
		t.Fatalf("a new journal has %v", all)
	}
	objects := everyObject()
	// A service that is edited keeps its identity.
	objects[0].BeforeService = &kernel.Service{ServiceID: objects[0].Service, Scheduler: "rr"}
	want := Entry{Time: time.Date(2026, 3, 4, 5, 6, 7, 891, time.UTC), User: "root", SudoUser: "alice", UID: 7,
		Command: "lvs restore -f 'a\n\x1b'",
		Reason:  `,"objects":[{"packed":"no"}]`, Source: Job, Netns: "director", Table: "boot/1", Undoes: 3, Objects: objects}
	first := begin(t, j, want)
	second := begin(t, j, Entry{Command: "lvs zero"})
	if err := j.More(t.Context(), more(first, objects[:1])); err != nil {
		t.Fatal(err)
	}
	end := End{Outcome: Partly, Refused: []int{0, 4}, Error: "exists already"}
	if err := j.End(t.Context(), first, end); err != nil {
		t.Fatal(err)
	}
	want.ID, want.End, want.Counts = 1, end, plan.Result{Added: 3, Edited: 3, Deleted: 3}
	want.Objects = append(want.Objects, objects[0])
	got := entries(t, &Journal{Dir: j.Dir})
	if len(got) != 2 || first != 1 || second != 2 || got[1].ID != 2 || got[1].Outcome != Unknown {
		t.Fatalf("%d and %d are %+v", first, second, got)
	}
	if d := cmp.Diff(want, got[0], entryValues); d != "" {
		t.Errorf("(-written +read)\n%s", d)
	}
}

// A line that was cut anywhere is left out, and goes with the next that is
// written.
func TestTornLine(t *testing.T) {
	dir := t.TempDir()
	j := &Journal{Dir: dir}
	begin(t, j, Entry{Command: "one"})
	before, _ := os.ReadFile(file(j))
	begin(t, j, Entry{Command: "two", Objects: everyObject()})
	whole, _ := os.ReadFile(file(j))
	j.Close()
	for n := len(before); n < len(whole); n += 7 {
		if err := os.WriteFile(file(j), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if all := entries(t, j); len(all) != 1 || all[0].Command != "one" {
			t.Fatalf("cut at %d: %+v", n, all)
		}
		if got := begin(t, j, Entry{Command: "three"}); got <= 2 {
			t.Fatalf("cut at %d: the next is %d, which was given", n, got)
		}
		j.Close()
		if all := entries(t, j); len(all) != 2 || all[1].Command != "three" {
			t.Fatalf("cut at %d: %+v", n, all)
		}
		if text, _ := os.ReadFile(file(j)); bytes.Count(text, []byte("\n")) != 2 {
			t.Fatalf("cut at %d: what was torn is still there: %s", n, text)
		}
	}
}

// What is no line of this journal is left alone, and no number is given twice.
func TestForeignLines(t *testing.T) {
	for name, line := range map[string]string{
		"text":         "hello\n",
		"zeros":        strings.Repeat("\x00", 5000) + "\n",
		"JSON":         "{}\n[]\n",
		"a long line":  strings.Repeat("x", 100_000) + "\n",
		"a later form": `{"format":3,"id":5}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			j := &Journal{Dir: t.TempDir()}
			for range 4 {
				begin(t, j, Entry{Command: "one"})
			}
			j.Close()
			f, err := os.OpenFile(file(j), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			f.WriteString(line)
			f.Close()
			if got := begin(t, j, Entry{Command: "two"}); got != 5 {
				t.Errorf("the next is %d, not 5", got)
			}
			if all := entries(t, j); len(all) != 5 || all[4].Command != "two" {
				t.Errorf("%+v", all)
			}
		})
	}
}

// Many processes write at once, while the file is followed by a new one again
// and again.
func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	const writers, each = 8, 40
	var all sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]string{}
	for w := range writers {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range each {
				j := &Journal{Dir: dir, Max: 15_000} // holds some 200 lines
				command := fmt.Sprintf("%d.%d", w, i)
				id, err := j.Begin(context.Background(), Entry{Command: command})
				if err == nil {
					err = j.End(context.Background(), id, End{Outcome: Done})
				}
				if err != nil {
					t.Error(err)
				}
				j.Close()
				mu.Lock()
				if seen[id] != "" {
					t.Errorf("%d was given to %s and to %s", id, seen[id], command)
				}
				seen[id] = command
				mu.Unlock()
			}
		}()
	}
	all.Wait()
	if len(seen) != writers*each || seen[writers*each] == "" {
		t.Errorf("%d numbers were given, not 1 to %d", len(seen), writers*each)
	}
	got := entries(t, &Journal{Dir: dir})
	if last := got[len(got)-1].ID; last != writers*each || len(got) < 100 {
		t.Fatalf("%d entries up to %d are left", len(got), last)
	}
	for i, e := range got {
		if e.Command != seen[e.ID] || i > 0 && (e.Outcome != Done || e.ID != got[i-1].ID+1) {
			t.Errorf("%d is %+v", i, e)
		}
	}
	for _, name := range []string{file(&Journal{Dir: dir}), oldFile(&Journal{Dir: dir})} {
		if info, err := os.Stat(name); err != nil || info.Size() > 15_000 || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// Who holds the lock and does not move is not waited for longer than the context
// lasts.
func TestHeldLock(t *testing.T) {
	dir := t.TempDir()
	holder := &Journal{Dir: dir}
	if err := holder.lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&Journal{Dir: dir}).Begin(ctx, Entry{}); err == nil ||
		!strings.Contains(err.Error(), "another process holds it") {
		t.Errorf("it says %v", err)
	}
	holder.Close()
	begin(t, &Journal{Dir: dir}, Entry{})
}

func TestUndoneBy(t *testing.T) {
	entry := func(id, undoes uint64, o Outcome) Entry {
		return Entry{ID: id, Undoes: undoes, End: End{Outcome: o}}
	}
	for _, c := range []struct {
		name string
		all  []Entry
		want map[uint64]uint64
	}{
		{"undone", []Entry{entry(1, 0, Done), entry(2, 1, Done)}, map[uint64]uint64{1: 2}},
		{"done again", []Entry{entry(1, 0, Done), entry(2, 1, Done), entry(3, 2, Done)}, map[uint64]uint64{2: 3}},
		{"and undone", []Entry{entry(1, 0, Done), entry(2, 1, Done), entry(3, 2, Done), entry(4, 3, Done)},
			map[uint64]uint64{1: 2, 3: 4}},
		{"undone anew", []Entry{entry(1, 0, Done), entry(2, 1, Done), entry(3, 2, Done), entry(4, 1, Done)},
			map[uint64]uint64{1: 4, 2: 3}},
		{"killed", []Entry{entry(1, 0, Done), entry(2, 1, Unknown)}, map[uint64]uint64{}},
		{"refused", []Entry{entry(1, 0, Done), entry(2, 1, Refused)}, map[uint64]uint64{}},
		{"of what is gone", []Entry{entry(8, 1, Done)}, map[uint64]uint64{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			link(c.all)
			got := map[uint64]uint64{}
			for _, e := range c.all {
				if e.UndoneBy != 0 {
					got[e.ID] = e.UndoneBy
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// A file that another user could have created is not written to.
func TestUntrusted(t *testing.T) {
	for _, c := range []struct {
		name, says string
		plant      func(dir string) error
	}{
		{"a link", "symbolic link", func(dir string) error {
			return os.Symlink(filepath.Join(dir, "..", "target"), file(&Journal{Dir: dir}))
		}},
		{"a pipe", "not a regular file", func(dir string) error {
			return syscall.Mkfifo(file(&Journal{Dir: dir}), 0o600)
		}},
		{"a folder", "not a regular file", func(dir string) error { return os.Mkdir(file(&Journal{Dir: dir}), 0o700) }},
		{"everybody's folder", "other users can write to it (mode 0777)",
			func(dir string) error { return os.Chmod(dir, 0o777) }},
		{"everybody's file", "other users can write to it (mode 0666)", func(dir string) error {
			name := file(&Journal{Dir: dir})
			return errors.Join(os.WriteFile(name, nil, 0o600), os.Chmod(name, 0o666))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := t.TempDir()
			dir := filepath.Join(base, "state")
			if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(base, "target"), nil, 0o600),
				c.plant(dir)); err != nil {
				t.Fatal(err)
			}
			_, err := (&Journal{Dir: dir}).Begin(t.Context(), Entry{})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v", err)
			}
			if b, _ := os.ReadFile(filepath.Join(base, "target")); len(b) > 0 {
				t.Errorf("through the link went %s", b)
			}
		})
	}
}

// A folder may be below a link that is the user's own, but is not a link itself.
func TestOwnLink(t *testing.T) {
	base := t.TempDir()
	link := filepath.Join(base, "link")
	if err := errors.Join(os.Mkdir(filepath.Join(base, "elsewhere"), 0o700), os.Symlink("elsewhere", link)); err != nil {
		t.Fatal(err)
	}
	begin(t, &Journal{Dir: filepath.Join(link, "state")}, Entry{})
	var unsafe *safefile.UntrustedError
	if _, err := (&Journal{Dir: link}).Begin(t.Context(), Entry{}); !errors.As(err, &unsafe) {
		t.Errorf("it says %v", err)
	}
}

// Without a folder nothing is written into the current one.
func TestNoFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if _, err := (&Journal{}).Begin(t.Context(), Entry{}); !errors.Is(err, ErrNoFolder) {
		t.Errorf("it says %v", err)
	}
	if _, err := (&Journal{}).Entries(""); !errors.Is(err, ErrNoFolder) {
		t.Errorf("it says %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// A pipe in place of a file ends no reader's day.
func TestPipeIsNotRead(t *testing.T) {
	for _, name := range []string{legacyCurrent, filepath.Base(file(&Journal{})), filepath.Base(oldFile(&Journal{}))} {
		t.Run(name, func(t *testing.T) {
			j := &Journal{Dir: t.TempDir()}
			if err := syscall.Mkfifo(j.path(name), 0o600); err != nil {
				t.Fatal(err)
			}
			var unsafe *safefile.UntrustedError
			if _, err := j.Entries(""); !errors.As(err, &unsafe) {
				t.Errorf("it says %v", err)
			}
		})
	}
}
