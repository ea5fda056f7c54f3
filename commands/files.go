package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/cluster"
)

// clusterFiles are the cluster files that a command line names.
type clusterFiles struct{ names []option }

func (o *clusterFiles) register(f *pflag.FlagSet) {
	f.VarP(&repeated{name: "file", short: "f", to: &o.names}, "file", "f",
		"read the cluster file `FILE`, all *.yaml, *.yml and *.json of a folder, or standard input for -; repeat it for more (default: none)")
	f.SetAnnotation("file", cobra.BashCompFilenameExt, []string{"yaml", "yml", "json"})
}

// clusterFileNames proposes what may be a cluster file.
func clusterFileNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
}

// given are the names of options and arguments.
func (o *clusterFiles) given(args []string) []string {
	var names []string
	for _, n := range o.names {
		names = append(names, n.value)
	}
	return append(names, args...)
}

// readCluster reads what the files of those names want together: a folder
// stands for its cluster files, - for standard input. All faults of all files
// are told. An interrupt ends it at once, even where no text comes.
func (a *App) readCluster(ctx context.Context, names []string) (*cluster.Wanted, error) {
	files, err := a.readFiles(ctx, names)
	if err != nil {
		return nil, err
	}
	return cluster.Resolve(files...)
}

// readFiles reads without resolving. Faults that leave something to resolve stay
// in the files, for Resolve to tell.
func (a *App) readFiles(ctx context.Context, names []string) (files []*cluster.File, err error) {
	if len(names) == 0 {
		return nil, usagef("no cluster file is named").cure("name it with -f FILE; - is standard input")
	}
	// What the goroutine fills in is not touched after an interrupt.
	var read []*cluster.File
	err = interruptible(ctx, func() error {
		paths, err := filesOf(names)
		if err != nil {
			return err
		}
		read, err = a.readAll(paths)
		return err
	})
	if err != nil {
		return nil, err
	}
	return read, nil
}

// filesOf puts the cluster files of folders in their place, in the order of
// their names.
func filesOf(names []string) ([]string, error) {
	var out []string
	var bad faults
	stdin := false
	for _, name := range names {
		if name == "-" {
			if stdin {
				bad.add(usagef("standard input (-) can be read only once"))
			}
			stdin = true
			out = append(out, name)
			continue
		}
		info, err := os.Stat(name)
		switch {
		case err != nil:
			bad.add(unread(err))
		case info.IsDir():
			inside, err := inFolder(name)
			bad.add(err)
			out = append(out, inside...)
		default:
			out = append(out, name)
		}
	}
	return out, bad.err()
}

func inFolder(folder string) (out []string, err error) {
	entries, err := os.ReadDir(folder) // sorted
	if err != nil {
		return nil, unread(err)
	}
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".yaml", ".yml", ".json":
			if name := filepath.Join(folder, e.Name()); !isFolder(name) && e.Name()[0] != '.' {
				out = append(out, name)
			}
		}
	}
	if len(out) == 0 {
		return nil, usagef("the folder %s has no *.yaml, *.yml or *.json", folder)
	}
	return out, nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// readAll reads every file, also after faults in one.
func (a *App) readAll(paths []string) ([]*cluster.File, error) {
	var files []*cluster.File
	var bad faults
	whole := true
	for _, path := range paths {
		text, err := a.readText(path)
		if err != nil {
			bad.add(unread(err))
			whole = false
			continue
		}
		name := path
		if path == "-" {
			name = "standard input"
		}
		file, err := cluster.Read(name, text)
		var wrong cluster.Faults
		if errors.As(err, &wrong) {
			bad = append(bad, errs(wrong, func(f cluster.Fault) error { return f })...)
		}
		whole = whole && file != nil
		files = append(files, file)
	}
	if !whole {
		// Without one of the files the others cannot be put together.
		return nil, bad.err()
	}
	return files, nil
}

// readText reads a file whole. One that is too large is read far enough to be
// refused.
func (a *App) readText(path string) (string, error) {
	in, err := a.openInput(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	var text strings.Builder
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() <= cluster.MaxSize {
			text.Grow(int(info.Size()))
		}
	}
	_, err = io.Copy(&text, io.LimitReader(in, cluster.MaxSize+1))
	return text.String(), err
}

// unread tells why a file could not be read.
func unread(err error) error {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err
	}
	err = fmt.Errorf("%s: %w", path.Path, path.Err)
	if errors.Is(err, fs.ErrPermission) {
		return (&fault{status: exitPermission, err: err}).cure("read it as its owner, or with sudo")
	}
	return err
}
