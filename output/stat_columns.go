package output

import "lvs/kernel"

// statColumn is a statistic, shared by services, servers and totals.
type statColumn struct {
	key, help string
	// outbound is what the director mostly does not see behind direct routing and
	// tunnels.
	outbound bool
	value    func(*kernel.Stats) uint64
}

func statColumns() []statColumn {
	return []statColumn{
		{"conns", "connections scheduled", false, func(s *kernel.Stats) uint64 { return s.Counters.Connections }},
		{"inpkts", "packets from clients", false, func(s *kernel.Stats) uint64 { return s.Counters.PacketsIn }},
		{"outpkts", "packets to clients", true, func(s *kernel.Stats) uint64 { return s.Counters.PacketsOut }},
		{"inbytes", "bytes from clients", false, func(s *kernel.Stats) uint64 { return s.Counters.BytesIn }},
		{"outbytes", "bytes to clients", true, func(s *kernel.Stats) uint64 { return s.Counters.BytesOut }},
		{"cps", "connections per second", false, func(s *kernel.Stats) uint64 { return s.Rates.Connections }},
		{"inpps", "packets from clients per second", false, func(s *kernel.Stats) uint64 { return s.Rates.PacketsIn }},
		{"outpps", "packets to clients per second", true, func(s *kernel.Stats) uint64 { return s.Rates.PacketsOut }},
		{"inbps", "bytes from clients per second", false, func(s *kernel.Stats) uint64 { return s.Rates.BytesIn }},
		{"outbps", "bytes to clients per second", true, func(s *kernel.Stats) uint64 { return s.Rates.BytesOut }},
	}
}
