package commands

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
	"lvs/plan"
)

// gate asks before a service has too little of its weight left (--min-left), and prints
// what is left.
type gate struct {
	text string
	// least is the share below which it asks, in percent. It is the user's if given.
	least int
	given bool
	// own are the shares that services have in the place of the default (minLeft in a file).
	own map[kernel.ServiceID]int
	// onlyLost leaves out services of which no server goes out of service.
	onlyLost bool
	left     []plan.Left
}

// usualLeast is the share of a service's weight, in percent, below which changes ask
// without --min-left: more than half of it would be gone.
const usualLeast = 50

func (g *gate) register(c *cobra.Command) {
	g.least = usualLeast
	c.Flags().StringVar(&g.text, "min-left", "",
		fmt.Sprintf("ask before less than `SHARE` of a service's weight is left, and refuse with --yes "+
			"(default %d%%, which --yes allows)", usualLeast))
	complete(c, "min-left", words("50%", "60%", "75%"))
}

func (g *gate) parse() error {
	if g.text == "" {
		return nil
	}
	digits, percent := strings.CutSuffix(g.text, "%")
	n, err := strconv.ParseUint(digits, 10, 8)
	if err != nil || n > 100 || !percent {
		return usagef("invalid --min-left %q: want a percentage from 0%% to 100%%, such as 60%%", g.text)
	}
	g.least, g.given = int(n), true
	return nil
}

// measure finds what the changes leave of the services' weights. A drained server counts
// with the weight that undrain restores.
func (g *gate) measure(a *App, before *kernel.Snapshot, changes []kernel.Change) {
	if g.own == nil {
		g.own = a.actor(a.ctx).minLeft()
	}
	out := operate.OutagesOf(a.remembered())
	g.left = plan.WeightLeft(before, changes, func(key kernel.ServerKey) int {
		r := out[key]
		return r.Weight
	})
	if g.onlyLost {
		g.left = slices.DeleteFunc(g.left, func(l plan.Left) bool { return !l.Lost })
	}
}

// below reports whether a service has less left than it should. By default only servers
// that go out of service count: lower weights are what was asked for.
func (g *gate) below(l *plan.Left) bool {
	if least, ok := g.own[l.Service]; ok && !g.given {
		return l.Percent() < least
	}
	return l.Percent() < g.least && (g.given || l.Lost)
}

// low returns the services that have less left than they should.
func (g *gate) low() []plan.Left {
	return slices.DeleteFunc(slices.Clone(g.left), func(l plan.Left) bool {
		return !g.below(&l)
	})
}

// leaves returns what confirm asks about: services that would have too little left, or no
// server that accepts new connections. It is empty if there is none.
func (g *gate) leaves() []string {
	var none, little []string
	for i := range g.left {
		switch l := &g.left[i]; {
		case l.Weight == 0:
			none = append(none, l.Service.String())
		case g.below(l):
			little = append(little, fmt.Sprintf("%d%% of the weight of %v", l.Percent(), l.Service))
		}
	}
	var out []string
	if len(none) > 0 {
		out = append(out, "leave "+enumerate(none)+" without a server that accepts new connections")
	}
	if len(little) > 0 {
		out = append(out, "leave "+enumerate(little))
	}
	return out
}

// also returns leaves after a comma, for a question that is asked anyway.
func (g *gate) also() string {
	if what := g.leaves(); len(what) > 0 {
		return ", and " + strings.Join(what, ", and ")
	}
	return ""
}

// refuse returns an error if the user set the limit, and --yes would go beyond it.
func (g *gate) refuse(a *App) error {
	low := g.low()
	if !g.given || !a.global.yes || a.global.dryRun || len(low) == 0 {
		return nil
	}
	f := &fault{status: exitNo, err: fmt.Errorf("--min-left %d%%: weight that would be left: %s; nothing was changed",
		g.least, leftText(low))}
	return f.hintf("add --min-left %d%% in its place to allow that, or leave out --yes to be asked", low[0].Percent())
}

// note prints what is left.
func (g *gate) note(a *App) {
	if len(g.left) == 0 {
		return
	}
	what := "weight left"
	if a.global.dryRun {
		what = "weight that would be left"
	}
	a.note("%s: %s", what, leftText(g.left))
}

// leftText returns the shares that are left, of a few services.
func leftText(left []plan.Left) string {
	var list []string
	for i := range left {
		if i == mostListed {
			list = append(list, fmt.Sprintf("%d%% or more in %s", left[i].Percent(), plural(len(left)-i, "other service")))
			break
		}
		l := &left[i]
		list = append(list, fmt.Sprintf("%d%% in %v (%d of %d)", l.Percent(), l.Service, l.Weight, l.All))
	}
	return strings.Join(list, ", ")
}
