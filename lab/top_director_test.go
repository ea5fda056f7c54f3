package lab_test

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"lvs/lab"
	"lvs/output"
)

// The dashboard beside a director: a failed server is masked, not drained; a drain and an
// undrain from the dashboard go to the director; when it ends, nothing is said about health.
func TestTopDirector(t *testing.T) {
	lab.Need(t)
	h := newHeld(t)
	dead, drained := h.Servers[0].Addr4.String(), h.Servers[1].Addr4.String()
	x := h.top(t)
	x.Until(t, topLimit, `HEALTH(.|\n)*tcp://\S+:80 +rr +3/3 +up `)
	if err := h.Servers[0].Stop(); err != nil {
		t.Fatal(err)
	}
	x.Type("/:80" + lab.KeyEnter + lab.KeyEnter)
	x.Until(t, topLimit, regexp.QuoteMeta(dead)+`:80 .* 0 MASKED +down `)
	x.Until(t, topLimit, `up, 2 of 3 servers healthy`)

	x.Type(lab.KeyDown + "dy")
	x.Until(t, topLimit, `draining `+regexp.QuoteMeta(drained))
	x.Type(lab.KeyEsc)
	x.UntilNot(t, topLimit, `draining`)
	x.Until(t, topLimit, regexp.QuoteMeta(drained)+`:80 .* 0 DRAINED +up `)
	h.until(topLimit, func(row *output.DirectorRow) error {
		return directedServers(row, drained, func(r *output.DirectedServerRow) error {
			if (r.Admin == "drain") != (r.Service == "tcp://"+h.VIP4.String()+":80") {
				return errors.New("admin is " + r.Admin)
			}
			return nil
		})
	})
	x.Type("u")
	x.Until(t, topLimit, `drained . the director decides`)
	x.Type("y")
	x.UntilNot(t, topLimit, `DRAINED`)
	x.Until(t, topLimit, regexp.QuoteMeta(drained)+`:80 +direct +1 +up `)

	h.stop()
	x.UntilNot(t, topLimit, `HEALTH`)
	x.UntilNot(t, time.Second, `MASKED`)
	quit(t, x)
}

// top starts the dashboard beside the director.
func (h *held) top(t *testing.T) (x *lab.Terminal) {
	t.Helper()
	env := []string{"LC_ALL=C.UTF-8", "NO_COLOR=", "XDG_CONFIG_HOME=" + t.TempDir(), "LVS_STATE_DIR=" + h.state,
		"LVS_RUN_DIR=" + h.sockets}
	err := h.Cluster.Director.Do(func() error {
		x = lab.OnTerminal(t, 120, 30, env, program(t), "top")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return x
}
