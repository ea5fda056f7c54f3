package ipvsadm

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"lvs/lab"
)

// TestReplaceTakesTheOraclesOrder replaces a table by a text with this package, and by the
// same text with ipvsadm, which deletes everything before.
func TestReplaceTakesTheOraclesOrder(t *testing.T) {
	lab.Need(t, features)
	r := rand.New(rand.NewPCG(1, 1))
	text := func() string {
		var b strings.Builder
		b.WriteString("-A -t 10.0.0.1:80 -s sh\n")
		for _, h := range r.Perm(7)[:r.IntN(7)] {
			fmt.Fprintf(&b, "-a -t 10.0.0.1:80 -r 10.0.1.%d:80 -m -w %d\n", h+1, 1+r.IntN(2))
		}
		return b.String()
	}
	for range 15 {
		if _, errs, status := said(open(t), text(), "ipvsadm-restore"); errs != "" || status != 0 {
			t.Fatal(errs, status)
		}
		last := text()
		if _, errs, status := said(open(t), last, "ipvsadm-restore"); errs != "" || status != 0 {
			t.Fatal(errs, status)
		}
		got := oracle(t, "", "-Ln", "--nosort")
		oracle(t, "", "-C")
		oracle(t, last, "-R")
		if want := oracle(t, "", "-Ln", "--nosort"); got != want {
			t.Fatalf("%sbecame\n%swant\n%s", last, got, want)
		}
	}
}
