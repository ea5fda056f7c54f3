package importer

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestImportBounds: what multiplies is refused with its line, before it takes memory.
func TestImportBounds(t *testing.T) {
	var groups strings.Builder
	for g := range 250 {
		fmt.Fprintf(&groups, "virtual_server_group g%d {\n10.%d.0.0/16 80\n}\n", g, g)
		fmt.Fprintf(&groups, "virtual_server group g%d {\nprotocol TCP\n", g)
		for i := range 50 {
			fmt.Fprintf(&groups, "real_server 192.168.%d.%d 80 {\n}\n", g, i+1)
		}
		groups.WriteString("}\n")
	}
	var ranges strings.Builder
	for v := range 250 {
		fmt.Fprintf(&ranges, "virtual=10.0.0.%d:80\n\treal=10.%d.0.1->10.%d.255.254:80 gate\n", v, v, v)
	}
	var lines strings.Builder
	lines.WriteString("virtual_server_group g {\n")
	for i := range 64 {
		fmt.Fprintf(&lines, "10.%d.0.0/16 80\n", i)
	}
	lines.WriteString("}\nvirtual_server group g {\nreal_server 10.0.0.1 80 {\n}\n}\n")
	keepalived := func(text string) error {
		_, _, err := Keepalived(Text{"k.conf", text}, KeepalivedOptions{})
		return err
	}
	ldirectord := func(text string) error {
		_, _, err := Ldirectord(Text{"l.cf", text}, nil)
		return err
	}
	for _, c := range []struct {
		name, text, want string
		read             func(string) error
	}{
		{"groups", groups.String(), "k.conf:4: ", keepalived},
		{"lines of a group", lines.String(), "k.conf:67: ", keepalived},
		{"IPv6", "virtual_server_group g {\n::/0 80\n}\nvirtual_server group g {\nreal_server ::1 80 {\n}\n}\n", "k.conf:2: ",
			keepalived},
		{"ranges of ldirectord", ranges.String(), "l.cf:34: ", ldirectord},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := c.read(c.text)
			runtime.ReadMemStats(&after)
			const why = "this makes more than 1048576 services and servers: import a part of the configuration"
			if err == nil || err.Error() != c.want+why {
				t.Errorf("%v, want %s%s", err, c.want, why)
			}
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 512 {
				t.Errorf("it takes %d MiB", took)
			}
		})
	}
}

// TestImportFolds: many mistakes of a kind do not make as many lines.
func TestImportFolds(t *testing.T) {
	var words, hosts strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&words, "word%d x\n", i)
		fmt.Fprintf(&hosts, "\treal=nosuch%d:80 gate\n", i)
	}
	const service = "virtual_server 10.0.0.1 80 {\nprotocol TCP\nreal_server 10.0.0.2 80 {\n}\n"
	_, notes, err := Keepalived(Text{"k.conf", service + words.String() + "}\n"}, KeepalivedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const last = "k.conf:55: word50 is not converted: it is unknown in virtual_server; " +
		"and 4949 more lines like this, the last in line 5004"
	if len(notes) != 51 || notes[50].String() != last {
		t.Errorf("%d notes, the last: %v", len(notes), notes[len(notes)-1])
	}
	_, _, err = Ldirectord(Text{"l.cf", "virtual=10.0.0.1:80\n" + hosts.String()}, knownNames{})
	lines := strings.Split(fmt.Sprint(err), "\n")
	const more = "l.cf:5001: 4980 more names cannot be looked up"
	if len(lines) != 21 || lines[20] != more {
		t.Errorf("%d lines, the last: %s", len(lines), lines[len(lines)-1])
	}
}

// TestImportScheduler: ldirectord takes the first lower-case letters.
func TestImportScheduler(t *testing.T) {
	for _, c := range []struct{ value, want, note string }{
		{"rr", "rr", ""},
		{`"rr"`, "rr", ""},
		{"'lc'", "lc", ""},
		{"sh -b sh-port", "sh", `l.cf:3: scheduler "sh -b sh-port" became sh, as in ldirectord`},
		{"RR wrr", "wrr", `l.cf:3: scheduler "RR wrr" became wrr, as in ldirectord`},
		{"nosuch", "nosuch", "l.cf:3: Linux has no scheduler nosuch: ldirectord cannot add this service unless the kernel " +
			"has a module ip_vs_nosuch"},
	} {
		t.Run(c.value, func(t *testing.T) {
			f, notes, err := Ldirectord(Text{"l.cf", "virtual=10.0.0.1:80\n\treal=10.0.0.2:80 gate\n\tscheduler=" + c.value +
				"\n\tchecktype=on\n"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, n := range notes {
				text += n.String()
			}
			if got := f.Services[0].Scheduler; got != c.want || text != c.note {
				t.Errorf("%s, %q", got, text)
			}
		})
	}
}
