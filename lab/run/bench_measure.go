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
	argv   []string
	input  string // a file for its standard input; empty is none
	before *step  // what is run, uncounted, before each time
}

// sample is what one process took.
type sample struct {
	wall   time.Duration
	peak   int64 // resident memory, bytes
	faults int64 // pages touched for the first time, none of them read from a disk
}

// goal judges the ratio of our time to theirs.
type goal func(ratio float64) (text string, met bool)

// atMost is a goal of so many times their time.
func atMost(times float64) goal {
	return func(ratio float64) (string, bool) { return fmt.Sprintf("≤ %.4g ×", times), ratio <= times }
}

// timesFaster is a goal of an n-th of their time.
func timesFaster(n float64) goal {
	return func(ratio float64) (string, bool) { return fmt.Sprintf("≥ %.4g times faster", n), ratio <= 1/n }
}

func (b *benchmark) command(argv ...string) step { return step{argv: argv} }

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

// inTurn measures two commands in turn, after one run of each that does not count.
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

// row prints what two commands took, their ratio as it is to be shown, and what it
// should be.
func (b *benchmark) row(what, ours, theirs, shown string, ratio float64, g goal) {
	verdict := ""
	if g != nil {
		text, met := g(ratio)
		verdict = fmt.Sprintf("  goal %s: %s", text, map[bool]string{true: "met", false: "MISSED"}[met])
	}
	fmt.Fprintf(b.out, "  %-48s %9s  beside %9s  %-18s%s\n", what, ours, theirs, shown, verdict)
}

func times(ratio float64) string { return fmt.Sprintf("%.2f ×", ratio) }

func wallOf(s sample) float64   { return float64(s.wall) }
func faultsOf(s sample) float64 { return float64(s.faults) }

// medianRatio returns the median of the ratios, pair by pair: the machine's speed
// drifts.
func medianRatio(ours, theirs []sample, of func(sample) float64) float64 {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = of(ours[i]) / of(theirs[i])
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

// memory prints the peak of a command's resident memory.
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
	met := map[bool]string{true: "met", false: "MISSED"}[peak <= limit<<20]
	fmt.Fprintf(b.out, "  %-48s %5.1f MiB resident at most%31s  goal ≤ %d MiB: %s\n", what, float64(peak)/(1<<20), "", limit, met)
	return nil
}

func (b *benchmark) measure(s step) (sample, error) {
	if s.before != nil {
		if _, err := b.measure(*s.before); err != nil {
			return sample{}, err
		}
	}
	cmd := exec.CommandContext(b.ctx, s.argv[0], s.argv[1:]...)
	out, err := os.Create(filepath.Join(b.dir, "output"))
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
	// Both to files: a pipe would wake this process while the other runs.
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
	return sample{wall: wall, peak: int64(usage.Maxrss) << 10, faults: usage.Minflt}, nil
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
