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
		"read the cluster file `FILE`, all *.yaml, *.yml and *.json of a folder, or standard input for -; "+
			"repeat it for more (needed, unless FILE is an argument)")
	f.SetAnnotation("file", cobra.BashCompFilenameExt, []string{"yaml", "yml", "json"})
}

// clusterFileNames proposes files that may be cluster files.
func clusterFileNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
}

// given returns the names in the options and the arguments.
func (o *clusterFiles) given(args []string) []string {
	var names []string
	for _, n := range o.names {
		names = append(names, n.value)
	}
	return append(names, args...)
}

// opener opens a file to read; - is standard input.
type opener func(name string) (io.ReadCloser, error)

// readCluster reads files as one cluster: a folder means its cluster files, -
// standard input. It reports all faults of all files. An interrupt ends it at
// once, even while no text comes.
func readCluster(ctx context.Context, open opener, names []string) (*cluster.Wanted, error) {
	files, err := readFiles(ctx, open, names)
	if err != nil {
		return nil, err
	}
	return cluster.Resolve(files...)
}

// noteForDirector prints which parts of the files have no effect: nobody must believe
// that servers are checked, or addresses announced. Those for a director have one if it
// runs on these files.
func (a *App) noteForDirector(w *cluster.Wanted) {
	if n, keys := keysOf(w.ForDirector()); n > 0 && !a.directs(a.ctx, w.Paths()) {
		a.note("%s no effect, because no director runs on the file: %s", settingsHave(n), keys)
	}
	if n, keys := keysOf(w.ForLater()); n > 0 {
		a.note("%s no effect in this version: %s", settingsHave(n), keys)
	}
}

// keysOf returns the number of uses of keys, and the keys as a text.
func keysOf(counts []cluster.KeyCount) (n int, keys string) {
	list := make([]string, len(counts))
	for i, k := range counts {
		n += k.Count
		if list[i] = k.Key; k.Count > 1 {
			list[i] += fmt.Sprintf(" (%d)", k.Count)
		}
	}
	return n, strings.Join(list, ", ")
}

func settingsHave(n int) string {
	if n == 1 {
		return "1 setting has"
	}
	return fmt.Sprintf("%d settings have", n)
}

// readFiles reads without resolving. Faults that leave something to resolve stay
// in the files; Resolve reports them.
func readFiles(ctx context.Context, open opener, names []string) (files []*cluster.File, err error) {
	if len(names) == 0 {
		return nil, usagef("no cluster file is given").hintf("add -f FILE; - is standard input")
	}
	// After an interrupt the goroutine goes on: it must not share the result.
	var read []*cluster.File
	err = interruptible(ctx, func() error {
		paths, err := filesOf(names)
		if err != nil {
			return err
		}
		read, err = readAll(open, paths)
		return err
	})
	if err != nil {
		return nil, err
	}
	return read, nil
}

// filesOf returns the names with each folder replaced by its cluster files, sorted
// by name.
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

// readAll reads every file, even after faults in one.
func readAll(open opener, paths []string) ([]*cluster.File, error) {
	var files []*cluster.File
	var bad faults
	whole := true
	for _, path := range paths {
		text, err := readFile(open, path)
		if err != nil {
			bad.add(unread(err))
			whole = false
			continue
		}
		name := path
		if path == "-" {
			name = cluster.StandardInput
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
		// If one file cannot be read, the others cannot be resolved.
		return nil, bad.err()
	}
	return files, nil
}

// readFile returns the text of a file. Of a file that is too large it returns just
// enough to be refused.
func readFile(open opener, path string) (string, error) {
	in, err := open(path)
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

// unread returns why a file could not be read, with a hint.
func unread(err error) error {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err
	}
	err = fmt.Errorf("%s: %w", path.Path, path.Err)
	if errors.Is(err, fs.ErrPermission) {
		return (&fault{status: exitPermission, err: err}).hintf("read it as its owner, or with sudo")
	}
	return err
}

// interruptible calls do, which may block and takes no context, such as opening a
// pipe that has no writer. If the context ends first, do goes on in the background:
// the caller must not touch what they share.
func interruptible(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// openInput opens a file to read; - and an empty name are standard input.
func (a *App) openInput(name string) (io.ReadCloser, error) {
	if name != "" && name != "-" {
		return os.Open(name)
	}
	if a.InTerminal.Is {
		a.note("reading from the terminal; end with Ctrl-D")
	}
	return io.NopCloser(a.In), nil
}
