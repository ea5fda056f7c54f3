package operate

import (
	"lvs/kernel"
	"lvs/operate/state"
)

// Undraining is what becomes of servers that are to have their weights back.
type Undraining struct {
	// Steps set the weights.
	Steps []Step
	// Done are the servers that nothing needs to be remembered of afterwards:
	// those of Steps and Changed.
	Done []Member
	// Changed had their weight changed since it was remembered. That change
	// counts.
	Changed []Member
	// Unknown have the weight 0, and what it was before is not remembered.
	Unknown []Member
}

// Undrain decides what becomes of servers. weight is set in place of what is
// remembered, unless it is 0. Servers that have a weight of which nothing is
// remembered are not drained, and stay as they are.
func Undrain(servers []Member, remembered map[kernel.ServerKey]state.Weight, weight int) (u Undraining) {
	for i := range servers {
		m := servers[i]
		r, known := remembered[m.Key()]
		to := r.Weight
		switch {
		case weight > 0 && (known || m.Weight == 0):
			to = weight
		case known && r.Set != m.Weight:
			u.Changed = append(u.Changed, m)
			u.Done = append(u.Done, m)
			continue
		case !known && m.Weight == 0:
			u.Unknown = append(u.Unknown, m)
			continue
		case !known:
			continue
		}
		u.Done = append(u.Done, m)
		u.Steps = append(u.Steps, WeightSteps([]Member{m}, to)...)
	}
	return u
}
