package kerneltest

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lvs/kernel"
)

// setting is one sysctl: its value at boot and what else it takes.
type setting struct {
	name, value string
	// valid looks at the numbers given; nil takes every number.
	valid func([]int64) bool
}

// settings are those of the directory net/ipv4/vs with their values in a fresh
// namespace.
var settings = []setting{
	{"am_droprate", "10", nil},
	{"amemthresh", "1024", nil},
	{"backup_only", "0", nil},
	{"cache_bypass", "0", nil},
	{"conn_reuse_mode", "1", nil},
	{"conntrack", "0", nil},
	{"drop_entry", "0", between(0, 3)},
	{"drop_packet", "0", between(0, 3)},
	{"expire_nodest_conn", "0", nil},
	{"expire_quiescent_template", "0", nil},
	{"ignore_tunneled", "0", nil},
	{"nat_icmp_send", "0", nil},
	{"pmtu_disc", "1", nil},
	{"run_estimation", "1", nil},
	{"schedule_icmp", "0", nil},
	{"secure_tcp", "0", between(0, 3)},
	{"sloppy_sctp", "0", nil},
	{"sloppy_tcp", "0", nil},
	{"snat_reroute", "1", nil},
	{"sync_persist_mode", "0", nil},
	{"sync_ports", "1", powerOfTwo},
	{"sync_qlen_max", "16384", nil},
	{"sync_refresh_period", "0", nil},
	{"sync_retries", "0", between(0, 3)},
	{"sync_sock_size", "0", nil},
	{"sync_threshold", "3\t50", ascending},
	{"sync_version", "1", between(0, 1)},
}

func between(low, high int64) func([]int64) bool {
	return func(n []int64) bool { return n[0] >= low && n[0] <= high }
}

func powerOfTwo(n []int64) bool { return n[0] >= 1 && n[0]&(n[0]-1) == 0 }

// ascending is sync_threshold: the first packet to sync, then every how many.
func ascending(n []int64) bool {
	return n[0] >= 0 && n[1] >= 0 && (n[1] == 0 || n[0] < n[1])
}

func defaultSysctls() map[string]string {
	out := map[string]string{}
	for _, s := range settings {
		out[s.name] = s.value
	}
	return out
}

// Sysctls lists all settings by name.
func (k *Kernel) Sysctls(ctx context.Context) ([]kernel.Sysctl, error) {
	if err := k.enter(ctx, "settings", anyone); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	out := []kernel.Sysctl{}
	for _, name := range slices.Sorted(maps.Keys(k.table.sysctls)) {
		out = append(out, kernel.Sysctl{Name: name, Value: k.table.sysctls[name]})
	}
	return out, nil
}

// SetSysctl takes numbers, as many as the setting has.
func (k *Kernel) SetSysctl(ctx context.Context, name, value string) error {
	if err := k.enter(ctx, "set "+name, admin); err != nil {
		return err
	}
	defer k.mu.Unlock()
	i := slices.IndexFunc(settings, func(s setting) bool { return s.name == name })
	if i < 0 {
		return &kernel.Error{Op: "set " + name, Err: kernel.ErrNoSysctl}
	}
	fields := strings.Fields(value)
	numbers := make([]int64, 0, len(fields))
	for _, f := range fields {
		n, err := strconv.ParseInt(f, 10, 32)
		if err != nil {
			return &kernel.Error{Op: "set " + name, Err: kernel.ErrInvalid}
		}
		numbers = append(numbers, n)
	}
	want := settings[i]
	if len(numbers) != len(strings.Fields(want.value)) || want.valid != nil && !want.valid(numbers) {
		return &kernel.Error{Op: "set " + name, Err: kernel.ErrInvalid}
	}
	k.table.sysctls[name] = strings.Join(fields, "\t")
	return nil
}
