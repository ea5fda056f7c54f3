package lab_test

import (
	"testing"
	"time"

	"lvs/lab"
)

// The times in which a failed server has to be out of use, at the defaults: two seconds
// between checks, half a second while they fail, a second for an answer, three failures.
const (
	refusedLimit = 3300 * time.Millisecond
	silentLimit  = 6300 * time.Millisecond
	// busy is what is added if the machine was too busy to begin checks in time.
	busy = 2 * time.Second
)

// TestProgramDirectorFaults makes a server fail in every way. The director masks it in time,
// nobody else's requests fail, and it comes back.
func TestProgramDirectorFaults(t *testing.T) {
	pairs := make(chan struct{}, 2) // more clusters than that keep one processor busy
	for _, f := range lab.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			pairs <- struct{}{}
			defer func() { <-pairs }()
			lab.Need(t)
			c := lab.NewCluster(t, lab.Options{Servers: 3, Forward: lab.Direct})
			faulty, stop, err := c.ServeWeb()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
			file, err := c.WriteFile(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			d := startDirector(t, c.Director, file)
			o, err := c.Measure(f, faulty, 30*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			limit := silentLimit
			if f.Refused {
				limit = refusedLimit
			}
			row, err := d.row()
			if err != nil {
				t.Fatal(err)
			}
			if row.Checks.Late > 0 {
				t.Logf("%d of %d checks were late: the machine is busy", row.Checks.Late, row.Checks.Done)
				limit += busy
			}
			t.Logf("masked after %s, returned after %s; of %d requests %d failed in flight and %d before masking",
				o.Masked, o.Returned, o.Sent, o.InFlight, o.Lost)
			if o.Masked > limit {
				t.Errorf("masked after %s, want at most %s", o.Masked, limit)
			}
			if o.Later+o.Back+o.Wrong > 0 {
				t.Errorf("%d requests failed while the server was masked, %d after its return, and %d healthy servers "+
					"were masked: %q", o.Later, o.Back, o.Wrong, o.Errors)
			}
			if share := int(o.Masked/lab.RequestEvery)/len(c.Servers) + 2; o.Lost > share {
				t.Errorf("%d requests failed before the server was masked; its share is %d", o.Lost, share)
			}
		})
	}
}
