package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/safefile"
)

func TestDefault(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		env    map[string]string
		uid    int
		exists bool // the machine's folder
		want   string
	}{
		{"root", nil, 0, false, Machine},
		{"a user of the machine's", map[string]string{"HOME": "/home/a"}, 1000, true, Machine},
		{"a user", map[string]string{"HOME": "/home/a"}, 1000, false, "/home/a/.local/state/lvs"},
		{"XDG", map[string]string{"HOME": "/home/a", "XDG_STATE_HOME": "/s"}, 1000, false, "/s/lvs"},
		{"relative XDG", map[string]string{"HOME": "/home/a", "XDG_STATE_HOME": "s"}, 1000, false,
			"/home/a/.local/state/lvs"},
		{"the variable", map[string]string{Variable: "/elsewhere", "HOME": "/home/a"}, 0, true, "/elsewhere"},
		{"a relative variable", map[string]string{Variable: "s"}, 1000, true, filepath.Join(here, "s")},
		{"no home", nil, 1000, false, ""},
		{"a relative home", map[string]string{"HOME": "."}, 1000, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			exists := func(path string) bool { return path == Machine && c.exists }
			if got := defaultOf(func(name string) string { return c.env[name] }, c.uid, exists); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Without a folder, nothing is written anywhere.
func TestNoFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	f := Folder{}
	_, err := f.ChangeWeights(t.Context(), "boot/1", func(w *Weights) error { w.Put(server, Weight{}); return nil })
	if !errors.Is(err, ErrNoFolder) {
		t.Error(err)
	}
	if _, err := f.NewJob(time.Now(), Job{}, false); !errors.Is(err, ErrNoFolder) {
		t.Error(err)
	}
	if _, err := f.Log(); !errors.Is(err, ErrNoFolder) {
		t.Error(err)
	}
	if known, err := f.Weights("boot/1", []kernel.ServerKey{server}); err != nil || len(known) > 0 || f.HasWeights() {
		t.Errorf("%v, %v", known, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// A pipe or a link in place of a file is refused at once, and not followed.
func TestPlanted(t *testing.T) {
	for _, name := range []string{"drained.json", "drained.lock", "later.log", "later"} {
		for kind, plant := range map[string]func(string) error{
			"pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"link": func(path string) error { return os.Symlink("../target", path) },
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				base := t.TempDir()
				f := Folder{Dir: filepath.Join(base, "state")}
				target := filepath.Join(base, "target")
				if err := errors.Join(os.Mkdir(f.Dir, 0o700), plant(filepath.Join(f.Dir, name)),
					os.WriteFile(target, []byte("kept"), 0o600)); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				_, change := f.ChangeWeights(ctx, "boot/1", func(w *Weights) error { w.Put(server, Weight{}); return nil })
				_, job := f.NewJob(time.Now(), Job{}, false)
				_, log := f.Log()
				var unsafe *safefile.UntrustedError
				if !errors.As(errors.Join(change, job, log), &unsafe) {
					t.Errorf("%v, %v, %v", change, job, log)
				}
				f.CallOff("0123456789abcdef0123456789abcdef")
				if b, err := os.ReadFile(target); string(b) != "kept" {
					t.Errorf("the target has %q, %v", b, err)
				}
			})
		}
	}
}

// A disk that hangs is left behind when the context has ended.
func TestSilentDisk(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hang := make(chan struct{})
	defer close(hang)
	f := Folder{Dir: "/state", Context: ctx}
	_, err := within(f, func() (int, error) {
		cancel()
		<-hang
		return 1, nil
	})
	var silent *SilentError
	if !errors.As(err, &silent) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// After an interrupt, what has begun is still finished.
func TestLastTry(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := Folder{Dir: filepath.Join(t.TempDir(), "state"), Context: ctx}
	h, err := f.NewJob(time.Now(), Job{Kind: "confirm"}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer h.File.Close()
	cancel()
	if !f.CallOff(h.ID) {
		t.Error("the job was not canceled")
	}
}
