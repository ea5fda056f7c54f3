package schedule

import "math/bits"

// Shares returns which share of the clients each server of a hash scheduler gets, in parts
// of one, if all servers are in use. servers are in the kernel's order. It returns nil for
// schedulers that it does not know: it knows sh and mh.
func Shares(scheduler string, servers []Server) []float64 {
	var turns []int
	switch scheduler {
	case "sh":
		turns = make([]int, len(servers))
		all := make([]int, len(servers))
		for i := range all {
			all[i] = i
		}
		for _, n := range sourcePlaces(servers, all) {
			turns[n]++
		}
	case "mh":
		turns = turnsOf(servers)
	}
	sum := 0
	for _, n := range turns {
		sum += n
	}
	if sum == 0 {
		return nil
	}
	out := make([]float64, len(turns))
	for i, n := range turns {
		out[i] = float64(n) / float64(sum)
	}
	return out
}

// mhBits is how many bits mh has for the weights (IP_VS_MH_TAB_BITS with the kernel's default
// of 12 for CONFIG_IP_VS_MH_TAB_INDEX).
const mhBits = 6

// turnsOf returns how many places of the table of mh each server takes before the next one's
// turn: its weight, divided by the greatest common divisor of all and cut to mhBits, and at
// least 1 (ip_vs_mh_shift_weight, ip_vs_mh_permutate).
func turnsOf(servers []Server) []int {
	divisor, most := 0, 0
	for i := range servers {
		w := servers[i].Weight
		most = max(most, w)
		for w != 0 {
			divisor, w = w, divisor%w
		}
	}
	out := make([]int, len(servers))
	if divisor == 0 {
		return out
	}
	shift := max(0, bits.Len(uint(most/divisor))-mhBits)
	for i := range servers {
		if w := servers[i].Weight; w > 0 {
			out[i] = max(1, w/divisor>>shift)
		}
	}
	return out
}
