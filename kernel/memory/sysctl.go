package memory

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"lvs/kernel"
)

// setting is one sysctl: its value at boot and the values it accepts.
type setting struct {
	name, value string
	// valid reports whether the setting accepts the numbers; nil accepts every C
	// int.
	valid func([]int64) bool
}

// settings are the files in net/ipv4/vs with their values in a new namespace.
var settings = []setting{
	{"am_droprate", "10", nil},
	{"amemthresh", "1024", nil},
	{"backup_only", "0", nil},
	{"cache_bypass", "0", nil},
	{"conn_lfactor", "-4", between(-8, 8)},
	{kernel.ConnMax, "1073741824", between(0, 1<<30)},
	{"conn_reuse_mode", "1", nil},
	{"conntrack", "0", nil},
	{"drop_entry", "0", between(0, 3)},
	{"drop_packet", "0", between(0, 3)},
	{kernel.EstCPUList, "0", nil}, // set by SetSysctl
	{"est_nice", "0", between(-20, 19)},
	{"expire_nodest_conn", "0", nil},
	{"expire_quiescent_template", "0", nil},
	{"ignore_tunneled", "0", nil},
	{"nat_icmp_send", "0", nil},
	{"pmtu_disc", "1", nil},
	{kernel.RunEstimation, "1", nil},
	{"schedule_icmp", "0", nil},
	{"secure_tcp", "0", between(0, 3)},
	{"sloppy_sctp", "0", nil},
	{"sloppy_tcp", "0", nil},
	{"snat_reroute", "1", nil},
	{"svc_lfactor", "-3", between(-8, 8)},
	{"sync_persist_mode", "0", nil},
	{"sync_ports", "1", powerOfTwo},
	{"sync_qlen_max", "16384", between(0, math.MaxInt64)},
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

// ascending checks sync_threshold: the first packet to sync, and the period after
// which the next is synced.
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

// Sysctls returns all settings, or those named, sorted by name.
func (k *Kernel) Sysctls(ctx context.Context, only ...string) ([]kernel.Sysctl, error) {
	if err := k.enter(ctx, "read the settings", anyone); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	return k.table.settings(only...), nil
}

func (t *table) settings(only ...string) []kernel.Sysctl {
	out := []kernel.Sysctl{}
	for _, name := range slices.Sorted(maps.Keys(t.sysctls)) {
		if len(only) == 0 || slices.Contains(only, name) {
			out = append(out, kernel.Sysctl{Name: name, Value: t.sysctls[name]})
		}
	}
	return out
}

// SetSysctl parses numbers as the kernel does: decimal, octal or hexadecimal, as
// many as the setting has. It ignores further numbers, and leaves missing ones
// unchanged.
func (k *Kernel) SetSysctl(ctx context.Context, name, value string) error {
	op := "set " + name
	if err := k.enter(ctx, op, admin); err != nil {
		return err
	}
	defer k.mu.Unlock()
	i := slices.IndexFunc(settings, func(s setting) bool { return s.name == name })
	if _, has := k.table.sysctls[name]; i < 0 || !has {
		return &kernel.Error{Op: op, Err: kernel.ErrNoSysctl}
	}
	defer k.table.count()
	if name == kernel.EstCPUList {
		list := strings.TrimSpace(value)
		if list != "" && list != "0" { // the kernel in memory has one processor
			return &kernel.Error{Op: op, Err: kernel.ErrInvalid}
		}
		k.table.sysctls[name] = list
		return nil
	}
	numbers, ok := readNumbers(strings.Fields(k.table.sysctls[name]), strings.Fields(value))
	if !ok || !settings[i].takes(numbers) {
		return &kernel.Error{Op: op, Err: kernel.ErrInvalid}
	}
	k.table.sysctls[name] = joinNumbers(numbers)
	return nil
}

// takes reports whether the setting accepts the numbers.
func (s setting) takes(n []int64) bool {
	if s.valid != nil {
		return s.valid(n)
	}
	return n[0] >= math.MinInt32 && n[0] <= math.MaxInt32
}

func readNumbers(old, fresh []string) (out []int64, ok bool) {
	if len(fresh) == 0 {
		return nil, false
	}
	for i, f := range old {
		if i < len(fresh) {
			f = fresh[i]
		}
		n, err := strconv.ParseInt(f, 0, 64)
		if err != nil || strings.ContainsAny(f, "+_bBoO") {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

func joinNumbers(n []int64) string {
	var b []byte
	for i, v := range n {
		if i > 0 {
			b = append(b, '\t')
		}
		b = strconv.AppendInt(b, v, 10)
	}
	return string(b)
}
