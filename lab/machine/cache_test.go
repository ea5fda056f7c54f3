package machine

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func testCache(t *testing.T) *Cache {
	t.Helper()
	t.Setenv("LVS_LAB_CACHE", t.TempDir())
	c, err := OpenCache(t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(name, text string) func(dir string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644) }
}

func TestFolderIsFilledOnceByMany(t *testing.T) {
	c := testCache(t)
	var fills atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			dir, err := c.folder("kernel", func(dir string) error {
				fills.Add(1)
				return write("linux", "code")(dir)
			})
			if _, e := os.Stat(filepath.Join(dir, "linux")); err != nil || e != nil {
				t.Error(err, e)
			}
		})
	}
	wg.Wait()
	if n := fills.Load(); n != 1 {
		t.Errorf("filled %d times", n)
	}
}

func TestFolderRepairsWhatIsNotWhole(t *testing.T) {
	c := testCache(t)
	broken := errors.New("the network went away")
	_, err := c.folder("kernel", func(dir string) error {
		return errors.Join(write("half", "")(dir), broken)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	// What a killed fetch and an older lab leave behind.
	for _, dir := range []string{"kernel.part", "kernel"} {
		path := filepath.Join(c.dir, dir)
		if err := errors.Join(os.MkdirAll(path, 0o755), write("half", "")(path)); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := c.folder("kernel", write("linux", "code"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "half")); !os.IsNotExist(err) {
		t.Error("half of an earlier fetch is still there")
	}
	if _, err := os.Stat(filepath.Join(dir, "linux")); err != nil {
		t.Error(err)
	}
}
