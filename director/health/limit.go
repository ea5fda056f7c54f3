package health

import "syscall"

// openLimit returns how many probes may be under way: half of the files that the process may
// have open, because others need some too.
func openLimit() int {
	const most = 16 << 10
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 512
	}
	return int(min(most, max(16, uint64(limit.Cur)/2)))
}
