package commands

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lvs/output"
)

// A director owns tcp://192.0.2.10:80; udp://192.0.2.53:53 with a server of the same address
// is not its business.
func TestOneActor(t *testing.T) {
	d := direct(t, directedFile)
	d.await("the table", func(st *output.DirectorRow) bool { return inUse(st, 5, 5) })
	d.lvs(exitDone, "service add udp://192.0.2.53:53")
	d.lvs(exitDone, "server add udp://192.0.2.53:53 10.0.0.11 10.0.0.99 -w 3")
	weights := func(want string) {
		t.Helper()
		out, _ := d.lvs(exitDone, "list -o csv --columns server,weight --no-headers")
		if got := strings.Join(strings.Fields(strings.ReplaceAll("\n"+out, "\n,\n", "\n")), " "); got != want {
			t.Errorf("the table has %s, want %s\n%s", got, want, d.log)
		}
	}
	weights("10.0.0.11:80,5 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3")

	t.Run("drain", func(t *testing.T) {
		d.lvs(exitDone, "drain 10.0.0.11 --reason disk")
		weights("10.0.0.11:80,0 10.0.0.12:80,5 10.0.0.11:53,0 10.0.0.99:53,3")
		if out, _ := d.lvs(exitDone, "director status 10.0.0.11 -o csv --columns server,admin,why --no-headers"); out !=
			",,2 of 2 servers healthy\n10.0.0.11:80,drain,drained by "+userName(currentUID())+": disk\n" {
			t.Error(out)
		}
		d.lvs(exitDone, "undrain 10.0.0.11")
		weights("10.0.0.11:80,5 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3")
		d.lvs(exitNotFound, "drain 10.9.9.9")
		d.lvs(exitDone, "drain 10.0.0.99") // only of the other service
		d.lvs(exitDone, "undrain 10.0.0.99")
	})
	t.Run("drain for a time", func(t *testing.T) {
		if _, errs := d.lvs(exitDone, "drain 10.0.0.12 --for 2s"); !strings.HasPrefix(errs, "lvs: automatic undrain at ") {
			t.Error(errs)
		}
		weights("10.0.0.11:80,5 10.0.0.12:80,0 10.0.0.11:53,3 10.0.0.99:53,3")
		d.await("its end", func(st *output.DirectorRow) bool { return inUse(st, 5, 5) })
	})
	t.Run("dry run", func(t *testing.T) {
		if out, _ := d.lvs(exitDone, "drain 10.0.0.12 --dry-run"); !strings.Contains(out, "planned") {
			t.Error(out)
		}
		weights("10.0.0.11:80,5 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3")
	})
	t.Run("weight", func(t *testing.T) {
		_, errs := d.lvs(exitDone, "weight tcp://192.0.2.10:80 10.0.0.12 +2")
		if want := "lvs: the director keeps this weight instead of the one in its file until: " +
			"lvs undrain 10.0.0.12:80 --service tcp://192.0.2.10:80\n"; errs != want {
			t.Errorf("%q", errs)
		}
		weights("10.0.0.11:80,5 10.0.0.12:80,7 10.0.0.11:53,3 10.0.0.99:53,3")
		d.lvs(exitDone, "undrain 10.0.0.12:80 --service tcp://192.0.2.10:80")
		weights("10.0.0.11:80,5 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3")
	})
	t.Run("undo", func(t *testing.T) {
		for _, step := range []struct{ line, want string }{
			{"drain 10.0.0.11:80", "10.0.0.11:80,0 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3"},
			{"weight tcp://192.0.2.10:80 10.0.0.12 7", "10.0.0.11:80,0 10.0.0.12:80,7 10.0.0.11:53,3 10.0.0.99:53,3"},
			{"undo --dry-run", "10.0.0.11:80,0 10.0.0.12:80,7 10.0.0.11:53,3 10.0.0.99:53,3"},
			{"undo", "10.0.0.11:80,0 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3"},
			{"undo", "10.0.0.11:80,5 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3"},
			{"drain 10.0.0.11:80", "10.0.0.11:80,0 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3"},
			{"undrain 10.0.0.11:80", "10.0.0.11:80,5 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3"},
			{"undo", "10.0.0.11:80,0 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3"},
			{"undrain 10.0.0.11:80", "10.0.0.11:80,5 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3"},
		} {
			d.lvs(exitDone, step.line)
			weights(step.want)
		}
		if out, _ := d.lvs(exitDone, "drain --list"); strings.Contains(out, "10.0.0.11") {
			t.Error(out)
		}
		if _, errs := d.lvs(exitFailed, "undo 1"); !strings.Contains(errs, "a director (process ") {
			t.Error(errs)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		want := "a director (process "
		saved := filepath.Join(t.TempDir(), "saved")
		text := "-A -t 192.0.2.10:80 -s wrr\n-a -t 192.0.2.10:80 -r 10.0.0.11:80 -m -w 6\n"
		if err := os.WriteFile(saved, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{
			"server edit tcp://192.0.2.10:80 10.0.0.11 --upper 5",
			"server add tcp://192.0.2.10:80 10.0.0.13",
			"server delete tcp://192.0.2.10:80 10.0.0.11 --yes",
			"service edit tcp://192.0.2.10:80 --scheduler lc --yes",
			"service delete tcp://192.0.2.10:80 --yes",
			"drain 10.0.0.12 --delete --yes",
			"clear --yes",
			"restore --yes -f " + saved,
		} {
			_, errs := d.lvs(exitFailed, line)
			if !strings.Contains(errs, want) || !strings.Contains(errs, "nothing was changed\nhint: edit "+d.file+
				", then run: lvs director reload\n") {
				t.Errorf("lvs %s: %s", line, errs)
			}
		}
		weights("10.0.0.11:80,5 10.0.0.12:80,5 10.0.0.11:53,3 10.0.0.99:53,3")
	})
	t.Run("others", func(t *testing.T) {
		d.lvs(exitDone, "server edit udp://192.0.2.53:53 10.0.0.11 --upper 5")
		d.lvs(exitDone, "zero")
		d.lvs(exitDone, "service delete udp://192.0.2.53:53 --yes")
		weights("10.0.0.11:80,5 10.0.0.12:80,5")
	})
	t.Run("list", func(t *testing.T) {
		out, _ := d.lvs(exitDone, "list --wide")
		if head, rest, _ := strings.Cut(out, "\n"); !strings.HasSuffix(head, "  HEALTH   WHY") ||
			!strings.Contains(rest, "  unknown  as in the file, without a check\n") {
			t.Error(out)
		}
		out, _ = d.lvs(exitDone, "server show tcp://192.0.2.10:80 10.0.0.11 -o json --jq .items[0].director.why")
		if out != "file\n" {
			t.Error(out)
		}
		if out, _ := d.lvs(exitDone, "list"); strings.Contains(out, "HEALTH") {
			t.Error(out)
		}
	})
	t.Run("its file", func(t *testing.T) {
		d.write(strings.Replace(directedFile, "scheduler: wrr", "scheduler: wrr\n  check: {type: tcp}", 1))
		if _, errs := d.lvs(exitDone, "validate -f "+d.file); strings.Contains(errs, "no director runs") {
			t.Errorf("with the director: %s", errs)
		}
		if _, errs := d.lvs(exitDone, "apply -f "+d.file); strings.Contains(errs, "no director runs") {
			t.Errorf("with the director: %s", errs)
		}
		d.cancel()
		d.status <- <-d.status
		if _, errs := d.lvs(exitDone, "validate -f "+d.file); !strings.Contains(errs, "no director runs on the file: check") {
			t.Errorf("without it: %s", errs)
		}
	})
}

func currentUID() int {
	_, uid := currentUser()
	return uid
}

// The file of a director says how much has to be left, for every verb.
func TestDirectorMinLeft(t *testing.T) {
	d := direct(t, strings.Replace(directedFile, "  scheduler: wrr\n", "  scheduler: wrr\n  minLeft: 60%\n", 1))
	d.await("the table", func(st *output.DirectorRow) bool { return inUse(st, 5, 5) })
	for _, line := range []string{"drain 10.0.0.11", "weight tcp://192.0.2.10:80 10.0.0.11 0"} {
		const question = "leave 50% of the weight of tcp://192.0.2.10:80. Go on?"
		if _, errs := d.lvs(exitDone, line); !strings.Contains(errs, question) {
			t.Errorf("%s: %q", line, errs)
		}
		d.await("it", func(st *output.DirectorRow) bool { return inUse(st, 0, 5) })
		d.lvs(exitDone, "undrain 10.0.0.11")
		d.await("the end of it", func(st *output.DirectorRow) bool { return inUse(st, 5, 5) })
	}
	if _, errs := d.lvs(exitDone, "drain 10.0.0.11 --min-left 50%"); strings.Contains(errs, "Go on?") {
		t.Error(errs)
	}
}
