package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// cacheFormat changes when the content of a cached folder changes shape, so
// that folders made by an older lab are fetched again.
const cacheFormat = "1\n"

// Cache is the folder where fetched kernels and tools stay.
type Cache struct {
	dir string
	say func(format string, args ...any)
}

// OpenCache finds or makes the cache folder: $LVS_LAB_CACHE, else lvs-lab in
// the user's cache folder. Progress goes to say.
func OpenCache(say func(format string, args ...any)) (*Cache, error) {
	dir := os.Getenv("LVS_LAB_CACHE")
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("%w; set LVS_LAB_CACHE to a folder", err)
		}
		dir = filepath.Join(base, "lvs-lab")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &Cache{dir: dir, say: say}, nil
}

// folder returns the cached folder of that name, filling it first if it is
// not there whole. A folder appears under its name only when it is complete,
// so that an interrupted fetch leaves nothing that looks usable. Two labs
// that need the same folder wait for each other.
func (c *Cache) folder(name string, fill func(dir string) error) (string, error) {
	dir := filepath.Join(c.dir, name)
	if complete(dir) {
		return dir, nil
	}
	unlock, err := c.lock(name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if complete(dir) { // another lab filled it meanwhile
		return dir, nil
	}

	part := dir + ".part"
	if err := errors.Join(os.RemoveAll(part), os.RemoveAll(dir)); err != nil {
		return "", err
	}
	if err := os.MkdirAll(part, 0o755); err != nil {
		return "", err
	}
	if err := fill(part); err != nil {
		return "", errors.Join(err, os.RemoveAll(part))
	}
	if err := os.WriteFile(filepath.Join(part, ".complete"), []byte(cacheFormat), 0o644); err != nil {
		return "", err
	}
	return dir, os.Rename(part, dir)
}

func complete(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, ".complete"))
	return err == nil && string(text) == cacheFormat
}

func (c *Cache) lock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(c.dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { f.Close() }, nil // closing gives the lock back
}
