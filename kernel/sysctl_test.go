package kernel

import "testing"

func TestCountersStopped(t *testing.T) {
	for _, c := range []struct {
		name string
		all  []Sysctl
		want string
	}{
		{"a kernel without both", []Sysctl{{"conntrack", "0"}}, ""},
		{"Linux 6.1, on", []Sysctl{{RunEstimation, "1"}}, ""},
		{"Linux 6.1, off", []Sysctl{{RunEstimation, "0"}}, RunEstimation},
		{"unknown", nil, ""},
		{"on", []Sysctl{{EstCPUList, "0-3"}, {RunEstimation, "1"}}, ""},
		{"any number is on", []Sysctl{{EstCPUList, "0-3"}, {RunEstimation, "-1"}}, ""},
		{"off", []Sysctl{{EstCPUList, "0-3"}, {RunEstimation, "0"}}, RunEstimation},
		{"no processor", []Sysctl{{EstCPUList, ""}, {RunEstimation, "1"}}, EstCPUList},
		{"both", []Sysctl{{EstCPUList, ""}, {RunEstimation, "0"}}, RunEstimation},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := CountersStopped(c.all); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestConnTable(t *testing.T) {
	status := func(conns, buckets string) []TableStatus {
		return []TableStatus{{"Conns", conns}, {"Conn buckets", buckets}, {"Services", "2"}}
	}
	for _, c := range []struct {
		name     string
		status   []TableStatus
		settings []Sysctl
		want     ConnTable
		full     bool
	}{
		{"Linux 6", nil, []Sysctl{{"conntrack", "0"}}, ConnTable{-1, -1, -1}, false},
		{"without privilege", nil, []Sysctl{{ConnMax, "1000"}}, ConnTable{-1, 1000, -1}, false},
		{"as large as it gets", status("150", "4096 (12 bits, lfactor -4)"), []Sysctl{{ConnMax, "1073741824"}},
			ConnTable{150, 1 << 30, 4096}, false},
		{"79 of 100", status("79", "256 (8 bits)"), []Sysctl{{ConnMax, "100"}}, ConnTable{79, 100, 256}, false},
		{"80 of 100", status("80", "256 (8 bits)"), []Sysctl{{ConnMax, "100"}}, ConnTable{80, 100, 256}, true},
		{"more than allowed", status("150", "256 (8 bits)"), []Sysctl{{ConnMax, "5"}}, ConnTable{150, 5, 256}, true},
		{"none allowed", status("0", "0 (0 bits)"), []Sysctl{{ConnMax, "0"}}, ConnTable{0, 0, 0}, true},
		{"none allowed in 9", status("8", "8"), []Sysctl{{ConnMax, "9"}}, ConnTable{8, 9, 8}, true},
		{"nonsense", status("many", ""), []Sysctl{{ConnMax, "-1"}}, ConnTable{-1, -1, -1}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ConnTableOf(c.status, c.settings)
			if got != c.want || got.AlmostFull() != c.full {
				t.Errorf("got %+v, almost full %v; want %+v, %v", got, got.AlmostFull(), c.want, c.full)
			}
		})
	}
}
