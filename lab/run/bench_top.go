package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lvs/lab"
)

// The sizes of the dashboard's benchmark.
const (
	topServices = 1000
	topServers  = 5
	topSettle   = 5 * time.Second  // until everything was drawn once
	topWatched  = 20 * time.Second // how long it is measured
	topPatience = 30 * time.Second // how long to wait for the screen
	topKeys     = 40               // how many keys are pressed
	topMemory   = 64               // the most memory, in MiB
	topLatency  = 50 * time.Millisecond
	garbage     = 4 // MiB: the garbage of a refresh, and a little more
)

// dashboard measures lvs top on a terminal: many services with traffic, one refresh per
// second.
func (b *benchmark) dashboard() error {
	b.title(fmt.Sprintf("lvs top over %d services with %d servers each, with traffic, one refresh per second",
		topServices, topServers))
	if err := b.ipvsadmText(tableText(topServices, topServers)); err != nil {
		return err
	}
	stop, err := b.startTraffic()
	if err != nil {
		return err
	}
	defer stop()
	if b.rawRead, err = b.readingTime(); err != nil {
		return err
	}
	b.figure("reading the table once, by a raw dump", millis(b.rawRead), "", true)
	for _, size := range [][2]int{{80, 24}, {200, 50}} {
		if err := b.dashboardAt(size[0], size[1]); err != nil {
			return err
		}
	}
	if err := b.dashboardCalls(); err != nil {
		return err
	}
	return b.dashboardMemory()
}

// readingTime returns how long it takes to read the table, which every refresh must do: two
// system calls for each service. In the lab kernel, system calls and memory cost many times
// as much as on hardware. The share of a core is therefore printed without a goal;
// `go test -bench Refresh ./tui` measures a refresh without the reading, on the host.
func (b *benchmark) readingTime() (time.Duration, error) {
	var reads, starts []sample
	for range b.runs + 1 {
		read, err := b.measure(b.command(b.self, inside, "rawdump"))
		if err != nil {
			return 0, err
		}
		start, err := b.measure(b.command(b.self, "help"))
		if err != nil {
			return 0, err
		}
		reads, starts = append(reads, read), append(starts, start)
	}
	return medianWall(reads) - medianWall(starts), nil
}

// dashboardAt measures the dashboard on a terminal of one size.
func (b *benchmark) dashboardAt(columns, rows int) error {
	x, err := b.openDashboard(columns, rows)
	if err != nil {
		return err
	}
	defer x.Close()
	time.Sleep(topSettle)
	before, err := usageOf(x.Process.Pid)
	if err != nil {
		return err
	}
	wrote, began := x.Written(), time.Now()
	time.Sleep(topWatched)
	after, err := usageOf(x.Process.Pid)
	if err != nil {
		return err
	}
	took := time.Since(began)
	b.perRefresh = time.Duration(float64(after.cpu-before.cpu) / took.Seconds())
	share := 100 * (after.cpu - before.cpu).Seconds() / took.Seconds()
	besides := share - 100*b.rawRead.Seconds()
	perRefresh := float64(x.Written()-wrote) / took.Seconds()
	keys, err := b.pressKeys(x)
	if err != nil {
		return err
	}
	size := fmt.Sprintf("%d × %d: ", columns, rows)
	b.figure(size+"share of a core", fmt.Sprintf("%.1f %%, besides reading %.1f %%", share, besides), "", true)
	b.figure(size+"written per refresh", fmt.Sprintf("%.0f bytes", perRefresh), "", true)
	median, worst := keys[len(keys)/2], keys[len(keys)-1]
	b.figure(size+"from a key to the screen", fmt.Sprintf("%s, at most %s", millis(median), millis(worst)),
		"< "+millis(topLatency), median < topLatency)
	return nil
}

// pressKeys moves the cursor and waits for the screen, at different moments of a refresh.
// It returns the times in ascending order.
func (b *benchmark) pressKeys(x *lab.Terminal) ([]time.Duration, error) {
	var times []time.Duration
	for i := range topKeys {
		key := lab.KeyDown
		if i%2 == 1 {
			key = lab.KeyUp
		}
		was := cursorLine(x.Screen())
		began := time.Now()
		x.Type(key)
		if !x.Sees(topPatience, func(text string) bool { return cursorLine(text) != was }) {
			return nil, errors.New("the cursor does not move:\n" + x.Screen())
		}
		times = append(times, time.Since(began))
		time.Sleep(173 * time.Millisecond)
	}
	slices.Sort(times)
	return times, nil
}

// cursorLine returns the number of the line with the cursor, or -1.
func cursorLine(screen string) int {
	before, _, found := strings.Cut(screen, "▸")
	if !found {
		return -1
	}
	return strings.Count(before, "\n")
}

// dashboardCalls counts system calls. It uses the difference between a longer and a shorter
// run, because a start needs many.
func (b *benchmark) dashboardCalls() error {
	if _, err := exec.LookPath("strace"); err != nil {
		b.figure("system calls per refresh", "not counted: strace is missing", "", true)
		return nil
	}
	const short, long = 8 * time.Second, 18 * time.Second
	var calls [2]int
	for i, d := range []time.Duration{short, long} {
		file := filepath.Join(b.dir, "calls")
		x, err := b.openDashboard(80, 24, "strace", "-f", "-c", "-o", file)
		if err != nil {
			return err
		}
		time.Sleep(d)
		x.Type("q")
		err = x.Wait(topPatience)
		x.Close()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if calls[i], err = totalCalls(string(text)); err != nil {
			return err
		}
	}
	b.figure("system calls per refresh", fmt.Sprintf("%.0f", float64(calls[1]-calls[0])/(long-short).Seconds()), "", true)
	return nil
}

// totalCalls returns the number of calls in the last line of strace -c: percent, seconds,
// microseconds per call, calls, errors if any, "total".
func totalCalls(text string) (int, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	f := strings.Fields(lines[len(lines)-1])
	if len(f) < 5 || f[len(f)-1] != "total" {
		return 0, fmt.Errorf("strace -c ends with %q", lines[len(lines)-1])
	}
	return strconv.Atoi(f[3])
}

// dashboardMemory measures the memory after 600 refreshes, which fill the history, and after
// 600 more, at the highest rate. The processor time shows how many refreshes there were,
// because each takes the same time.
func (b *benchmark) dashboardMemory() error {
	const refreshes, limit = 600, 6 * time.Minute
	x, err := b.openDashboard(200, 50, "-d", "100ms")
	if err != nil {
		return err
	}
	defer x.Close()
	var resident [2]used
	for i := range resident {
		until := time.Duration(refreshes*(i+1)) * b.perRefresh
		for late := time.Now().Add(limit); resident[i].cpu < until && time.Now().Before(late); time.Sleep(time.Second) {
			if resident[i], err = usageOf(x.Process.Pid); err != nil {
				return err
			}
		}
	}
	mib := func(bytes int64) float64 { return float64(bytes) / (1 << 20) }
	peak, more := mib(resident[1].peak), mib(resident[1].peak-resident[0].peak)
	b.figure("memory over 1200 refreshes, at most", fmt.Sprintf("%.1f MiB", peak),
		fmt.Sprintf("< %d MiB", topMemory), peak < topMemory)
	b.figure("growth in the second 600", fmt.Sprintf("%.1f MiB", more), "only garbage", more < garbage)
	return nil
}

// openDashboard starts lvs top and waits until it shows the table. extra are options of
// lvs top if they begin with -d, and otherwise a program with its options that runs lvs top.
func (b *benchmark) openDashboard(columns, rows int, extra ...string) (*lab.Terminal, error) {
	argv := []string{b.lvs, "top"}
	if len(extra) > 0 && extra[0] == "-d" {
		argv = append(argv, extra...)
	} else {
		argv = append(slices.Clone(extra), argv...)
	}
	env := []string{"LC_ALL=C.UTF-8", "XDG_CONFIG_HOME=" + b.dir, "LVS_STATE_DIR=" + b.dir}
	x, err := lab.StartTerminal(columns, rows, env, argv[0], argv[1:]...)
	if err != nil {
		return nil, err
	}
	if !x.Sees(topPatience, func(text string) bool { return strings.Contains(text, "192.0.0.1:80") }) {
		err = errors.New("no table on the screen:\n" + x.Screen())
		x.Close()
		return nil, err
	}
	return x, nil
}

// used is what a process has used until now.
type used struct {
	cpu  time.Duration
	peak int64 // the largest resident memory in bytes
}

// usageOf returns the usage of a running process (proc_pid_stat(5)). Fields 14 and 15 are
// user and system time in ticks, 100 per second on every architecture.
func usageOf(pid int) (u used, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	const tick = time.Second / 100
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // from field 3
	user, err1 := strconv.Atoi(string(fields[11]))
	system, err2 := strconv.Atoi(string(fields[12]))
	u.cpu = time.Duration(user+system) * tick
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	_, err3 := fmt.Sscan(rest, &u.peak)
	u.peak <<= 10
	return u, errors.Join(err1, err2, err, err3)
}
