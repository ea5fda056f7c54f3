package schedule

// Reorder is what another order of the servers changes.
type Reorder struct {
	// Moves is set if clients of some addresses, or all new connections, would get
	// another server. With a scheduler that goes by counts or in turn it is not set:
	// the order decides only which of equal servers is first.
	Moves bool
	// Share is how many clients would get another server, in parts of one. It is only
	// valid if Known.
	Share float64
	Known bool
}

// Reordered compares two orders of the same servers, which are in the kernel's order:
// servers, and those at the places in other.
func Reordered(scheduler string, servers []Server, other []int) Reorder {
	choices := func(of func(servers []Server, at []int) []int) Reorder {
		same := make([]int, len(servers))
		for i := range same {
			same[i] = i
		}
		return moved(of(servers, same), of(servers, other))
	}
	switch scheduler {
	case "sh":
		return choices(sourcePlaces)
	case "dh":
		return choices(destinationPlaces)
	case "mh": // the places that two servers contend for
		for i, at := range other {
			if i != at {
				return Reorder{Moves: true}
			}
		}
	case "fo", "ovf":
		return choices(func(servers []Server, at []int) []int {
			idle := make([]Server, len(at))
			for i, n := range at {
				idle[i] = Server{Weight: servers[n].Weight, Overloaded: servers[n].Overloaded}
			}
			if first, _ := ByCounts("fo", idle); first != None {
				return []int{at[first]}
			}
			return nil
		})
	}
	return Reorder{}
}

// moved compares the servers at two lists of places.
func moved(a, b []int) Reorder {
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	if n == 0 {
		return Reorder{Known: true}
	}
	return Reorder{Moves: true, Share: float64(n) / float64(len(a)), Known: true}
}

// hashPlaces is the number of places of sh and dh (IP_VS_SH_TAB_SIZE and
// IP_VS_DH_TAB_SIZE with the kernel's default of 8 bits).
const hashPlaces = 256

// sourcePlaces deals the places of sh: each server a run of as many as its weight, at
// least one, round and round.
func sourcePlaces(servers []Server, at []int) []int {
	var out []int
	for len(at) > 0 && len(out) < hashPlaces {
		for _, n := range at {
			for range min(max(1, servers[n].Weight), hashPlaces-len(out)) {
				out = append(out, n)
			}
		}
	}
	return out
}

// destinationPlaces deals the places of dh: one to each server, round and round.
func destinationPlaces(_ []Server, at []int) []int {
	var out []int
	for i := 0; len(at) > 0 && i < hashPlaces; i++ {
		out = append(out, at[i%len(at)])
	}
	return out
}
