package commands

// schedulers are those of the Linux kernel, with what they do in a few words.
// The kernel loads another by its name too: the list is for help, not a fence.
var schedulers = []struct{ name, does string }{
	{"wlc", "fewest connections for its weight"},
	{"lc", "fewest connections"},
	{"rr", "one after the other"},
	{"wrr", "one after the other, by weight"},
	{"sed", "shortest expected delay"},
	{"nq", "an idle server first, else shortest delay"},
	{"fo", "the highest weight takes all"},
	{"ovf", "the highest weight until it is full"},
	{"sh", "by hash of the source address"},
	{"dh", "by hash of the destination address"},
	{"mh", "by consistent (Maglev) hash of the source"},
	{"lblc", "locality: one server for a destination"},
	{"lblcr", "locality with replication"},
	{"twos", "the better of two random choices"},
}

func schedulerNames() []string {
	out := make([]string, len(schedulers))
	for i, s := range schedulers {
		out[i] = s.name
	}
	return out
}

func schedulerProposals() []string {
	out := make([]string, len(schedulers))
	for i, s := range schedulers {
		out[i] = s.name + "\t" + s.does
	}
	return out
}
