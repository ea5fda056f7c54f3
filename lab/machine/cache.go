package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// cacheFormat changes with the form of a cached folder, so that a folder that an
// older lab made is fetched again.
const cacheFormat = "1\n"

// Cache is the folder that keeps fetched kernels and tools.
type Cache struct {
	dir string
	say func(format string, args ...any) // prints progress
}

// OpenCache opens the cache folder and creates it if it is missing:
// $LVS_LAB_CACHE, else lvs-lab in the user's cache folder. Progress goes to say.
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

// folder returns the cached folder of that name. If it is missing or incomplete,
// fill fills it first. A folder gets its name only when it is complete, so that
// an interrupted fetch leaves nothing that looks usable. Two labs that need the
// same folder wait for each other.
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

// complete reports whether a folder was filled by this version of the lab.
func complete(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, ".complete"))
	return err == nil && string(text) == cacheFormat
}

// lock waits until no other lab fills the folder of that name.
func (c *Cache) lock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(c.dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { f.Close() }, nil // closing releases the lock
}
