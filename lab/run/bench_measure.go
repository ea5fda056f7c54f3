package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// step is a command to measure.
type step struct {
	argv []string
	// input is the file for standard input; empty means none.
	input string
	// before runs before each run and is not counted; nil means none.
	before *step
	// discard throws standard output away.
	discard bool
}

// sample is the cost of one process.
type sample struct {
	wall time.Duration
	// peak is the largest resident memory in bytes.
	peak int64
	// faults are the minor page faults: pages touched for the first time, without a read
	// from a disk.
	faults int64
}

// goal returns the text of a goal, and whether the ratio of our cost to theirs meets it.
type goal func(ratio float64) (text string, met bool)

// atMost returns the goal to take at most this many times their time.
func atMost(times float64) goal {
	return func(ratio float64) (string, bool) { return fmt.Sprintf("≤ %.4g ×", times), ratio <= times }
}

// timesFaster returns the goal to be at least n times faster.
func timesFaster(n float64) goal {
	return func(ratio float64) (string, bool) { return fmt.Sprintf("≥ %.4g times faster", n), ratio <= 1/n }
}

func (b *benchmark) command(program string, args ...string) step {
	return step{argv: append([]string{program}, args...)}
}

func (b *benchmark) title(text string) { fmt.Fprintf(b.out, "%s\n", text) }

// pair measures two commands in turn and prints a row.
func (b *benchmark) pair(what string, ours, theirs step, g goal) error {
	a, o, err := b.inTurn(ours, theirs)
	if err != nil {
		return err
	}
	ratio := medianRatio(a, o, wallOf)
	shown := times(ratio)
	if ratio < 1 {
		shown = fmt.Sprintf("%.1f times faster", 1/ratio)
	}
	b.row(what, millis(medianWall(a)), millis(medianWall(o)), shown, ratio, g)
	return nil
}

// inTurn measures two commands in turn, after one run of each that is not counted.
func (b *benchmark) inTurn(ours, theirs step) (a, o []sample, err error) {
	for i := range b.runs + 1 {
		x, err := b.measure(ours)
		if err != nil {
			return nil, nil, err
		}
		y, err := b.measure(theirs)
		if err != nil {
			return nil, nil, err
		}
		if i > 0 {
			a, o = append(a, x), append(o, y)
		}
	}
	return a, o, nil
}

// row prints the costs of two commands, their ratio as shown, and the goal if there is one.
func (b *benchmark) row(what, ours, theirs, shown string, ratio float64, g goal) {
	result := ""
	if g != nil {
		text, met := g(ratio)
		result = verdict(text, met)
	}
	fmt.Fprintf(b.out, "  %-48s %9s  beside %9s  %-18s%s\n", what, ours, theirs, shown, result)
}

// figure prints a row that is compared with a goal, not with another program. An empty
// goal is none.
func (b *benchmark) figure(what, value, goal string, met bool) {
	result := ""
	if goal != "" {
		result = verdict(goal, met)
	}
	fmt.Fprintf(b.out, "  %-48s %-40s%s\n", what, value, result)
}

// verdict returns the end of a row that has a goal.
func verdict(goal string, met bool) string {
	if met {
		return fmt.Sprintf("  goal %s: met", goal)
	}
	return fmt.Sprintf("  goal %s: MISSED", goal)
}

func times(ratio float64) string { return fmt.Sprintf("%.2f ×", ratio) }

func wallOf(s sample) float64   { return float64(s.wall) }
func faultsOf(s sample) float64 { return float64(s.faults) }

// medianRatio returns the median of the ratios of the pairs. The speed of the machine
// changes with time, so the ratio of the medians would be less exact.
func medianRatio(ours, theirs []sample, of func(sample) float64) float64 {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = of(ours[i]) / of(theirs[i])
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

// memory prints the largest resident memory of a command. limit is the goal in MiB.
func (b *benchmark) memory(what string, s step, limit int64) error {
	var peaks []int64
	for range b.runs {
		r, err := b.measure(s)
		if err != nil {
			return err
		}
		peaks = append(peaks, r.peak)
	}
	peak := slices.Max(peaks)
	fmt.Fprintf(b.out, "  %-48s %5.1f MiB resident at most%31s%s\n", what, float64(peak)/(1<<20), "",
		verdict(fmt.Sprintf("≤ %d MiB", limit), peak <= limit<<20))
	return nil
}

// measure runs a command once. Its standard output is in the file output afterwards.
func (b *benchmark) measure(s step) (sample, error) {
	if s.before != nil {
		if _, err := b.measure(*s.before); err != nil {
			return sample{}, err
		}
	}
	cmd := exec.CommandContext(b.ctx, s.argv[0], s.argv[1:]...)
	name := filepath.Join(b.dir, "output")
	if s.discard {
		name = os.DevNull
	}
	out, err := os.Create(name)
	if err != nil {
		return sample{}, err
	}
	defer out.Close()
	if s.input != "" {
		in, err := os.Open(s.input)
		if err != nil {
			return sample{}, err
		}
		defer in.Close()
		cmd.Stdin = in
	}
	// Both go to files: a pipe would wake this process while the command runs.
	errs, err := os.Create(filepath.Join(b.dir, "errors"))
	if err != nil {
		return sample{}, err
	}
	defer errs.Close()
	cmd.Stdout, cmd.Stderr = out, errs
	start := time.Now()
	err = cmd.Run()
	wall := time.Since(start)
	if err != nil {
		said, _ := os.ReadFile(errs.Name())
		return sample{}, fmt.Errorf("%s: %w: %s", strings.Join(s.argv, " "), err, said)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return sample{wall: wall, peak: int64(usage.Maxrss) << 10, faults: int64(usage.Minflt)}, nil
}

func medianWall(runs []sample) time.Duration {
	walls := make([]time.Duration, len(runs))
	for i, r := range runs {
		walls[i] = r.wall
	}
	slices.Sort(walls)
	return walls[len(walls)/2]
}

func medianFaults(runs []sample) int64 {
	faults := make([]int64, len(runs))
	for i, r := range runs {
		faults[i] = r.faults
	}
	slices.Sort(faults)
	return faults[len(faults)/2]
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
