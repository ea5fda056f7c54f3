package health

import (
	"testing"
	"time"
)

func TestStateAdd(t *testing.T) {
	began := time.Unix(1000, 0)
	// p pass, f fail, b busy, l local; a result in capitals changes the verdict.
	tests := []struct {
		name    string
		from    Verdict
		results string
		want    Verdict
	}{
		{"up after rise", Unknown, "pP", Up},
		{"one is not enough", Unknown, "p", Unknown},
		{"down after fall", Unknown, "ffF", Down},
		{"unknown needs them in a row", Unknown, "pfpffF", Down},
		{"a good one between", Unknown, "pPffpff", Up},
		{"falls and rises", Unknown, "pPffFpP", Up},
		{"busy and local change nothing", Unknown, "pblP", Up},
		{"nor do they break a row", Up, "fblfbF", Down},
		{"only local", Unknown, "llllll", Unknown},
		{"seeded up stays up", Up, "ff", Up},
		{"seeded down stays down", Down, "p", Down},
		{"seeded down rises", Down, "pP", Up},
	}
	outcomes := map[rune]Outcome{'p': Pass, 'f': Fail, 'b': Busy, 'l': Local}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := State{Verdict: test.from, Since: began}
			for i, letter := range test.results {
				small := letter | 0x20
				r := Result{At: began.Add(time.Duration(i+1) * time.Second), Outcome: outcomes[small]}
				changed := s.Add(r, Timing{}.WithDefaults())
				if changed != (small != letter) {
					t.Errorf("result %d (%c): changed %v", i+1, letter, changed)
				}
				if changed && !s.Since.Equal(r.At) {
					t.Errorf("since %v, want %v", s.Since, r.At)
				}
				if s.Last != r {
					t.Errorf("last is %v, want %v", s.Last, r)
				}
			}
			if s.Verdict != test.want {
				t.Errorf("verdict %d, want %d", s.Verdict, test.want)
			}
		})
	}
}

func TestTimingWithDefaults(t *testing.T) {
	want := Timing{2 * time.Second, 500 * time.Millisecond, time.Second, 2, 3}
	if got := (Timing{}).WithDefaults(); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	fast := Timing{Every: 100 * time.Millisecond}.WithDefaults()
	if fast.FastEvery != fast.Every {
		t.Errorf("FastEvery %v is longer than Every %v", fast.FastEvery, fast.Every)
	}
	set := Timing{time.Minute, time.Second, 3 * time.Second, 4, 5}
	if got := set.WithDefaults(); got != set {
		t.Errorf("got %v, want %v", got, set)
	}
}
