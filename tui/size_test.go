package tui

import (
	"os"
	"testing"

	"lvs/kernel"
)

// A terminal that claims to be huge costs no more than the part that is used.
func TestHugeTerminal(t *testing.T) {
	s := demoStage(t)
	for _, size := range [][4]int{
		{80, 24, 80, 24}, {5000, 5000, maxColumns, maxRows}, {65535, 1, maxColumns, 1}, {3, 65535, 3, maxRows},
		{1, 1, 1, 1},
	} {
		s.size(size[0], size[1])
		lines := s.m.lines()
		if len(lines) != size[3] || lines[0].width() != size[2] {
			t.Errorf("%d × %d is drawn with %d × %d cells, want %d × %d", size[0], size[1], lines[0].width(), len(lines),
				size[2], size[3])
		}
	}
	if _, ok := s.m.hist.objects[kernel.ServerKey{}]; !ok {
		t.Error("no sample was drawn")
	}
}

func TestSizeOfTheEnvironment(t *testing.T) {
	for _, c := range []struct {
		name    string
		environ []string
		want    int
	}{
		{"none", nil, 80}, {"given", []string{"LINES=9", "COLUMNS=132"}, 132}, {"nonsense", []string{"COLUMNS=wide"}, 80},
		{"negative", []string{"COLUMNS=-5"}, 80},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := number(c.environ, "COLUMNS", 80); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, _, ok := terminalSize(file, nil); ok {
		t.Error("a file that is no terminal has a size")
	}
}
