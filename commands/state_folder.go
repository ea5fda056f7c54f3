package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"lvs/operate/state"
	"lvs/plan/journal"
	"lvs/safefile"
)

// replaceFile replaces a file that the user named.
func (a *App) replaceFile(ctx context.Context, name string, content []byte) error {
	err := interruptible(ctx, func() error { return safefile.Replace(name, content) })
	var unsafe *safefile.UntrustedError
	var owner *safefile.OwnerError
	switch {
	case errors.As(err, &unsafe):
		return (&fault{status: exitFailed, err: fmt.Errorf("write %s: %w", name, err)}).
			hintf("name the file itself, in a folder that only you can write to")
	case errors.As(err, &owner):
		return (&fault{status: exitPermission, err: err}).
			hintf("write it with sudo, or remove it first: rm %s", shellWord(name))
	}
	return err
}

// tellUnrecorded prints that the journal does not have everything.
func (a *App) tellUnrecorded(err error) {
	if errors.Is(err, journal.ErrTooLarge) {
		a.note("the change is too large for the journal: %s undo cannot take it back", a.Name)
		return
	}
	a.note("not in the journal, so %s undo cannot undo it: %s", a.Name, a.stateText(err))
	if hint := a.stateHint(err); hint != "" {
		a.say("hint: %s", hint)
	}
}

// stateText returns an error of the state folder as text.
func (a *App) stateText(err error) string {
	dir := a.state().Dir
	var path *fs.PathError
	var unsafe *safefile.UntrustedError
	switch {
	case errors.Is(err, fs.ErrPermission) && errors.As(err, &path):
		return "no permission for " + path.Path + owners(dir)
	case errors.As(err, &path), errors.As(err, &unsafe), dir == "":
		return err.Error()
	}
	return dir + ": " + err.Error()
}

// owners returns who may use a folder, in parentheses, or nothing if that is unknown.
func owners(dir string) string {
	info, err := os.Stat(dir)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf(" (%s is of %s:%s, mode %04o)", dir, userName(int(st.Uid)), groupName(int(st.Gid)), st.Mode&0o7777)
}

// stateHint returns what helps if the state folder cannot be used, or nothing.
func (a *App) stateHint(err error) string {
	dir := a.state().Dir
	var path *fs.PathError
	var unsafe *safefile.UntrustedError
	switch {
	case errors.Is(err, state.ErrNoFolder), errors.Is(err, journal.ErrNoFolder):
		return "set LVS_STATE_DIR to a folder that only you can write to"
	case errors.As(err, &unsafe):
		return unsafeHint(unsafe, dir)
	case errors.Is(err, fs.ErrPermission) && errors.As(err, &path) && isBelow(path.Path, dir):
		if dir != state.Machine {
			return "set LVS_STATE_DIR to a folder that you can write to"
		}
		return joinHint(dir)
	}
	return ""
}

func isBelow(path, dir string) bool {
	return dir != "" && (path == dir || strings.HasPrefix(path, dir+"/"))
}

// joinHint returns how this user gets access to the machine's folder: by its group, which
// may have to be made.
func joinHint(dir string) string {
	name, _ := currentUser()
	info, err := os.Stat(dir)
	if err != nil {
		return "run it with sudo"
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if ok && st.Gid != 0 && st.Mode&0o070 == 0o070 {
		return fmt.Sprintf("sudo usermod -aG %s %s, and log in again", shellWord(groupName(int(st.Gid))), shellWord(name))
	}
	return fmt.Sprintf("sudo sh -c 'groupadd -f lvs; usermod -aG lvs %s; chgrp -R lvs %s; chmod -R g+rwX,o= %[2]s; "+
		"chmod g+s %[2]s', and log in again", shellWord(name), dir)
}

// unsafeHint returns how to make a file of the state folder safe.
func unsafeHint(e *safefile.UntrustedError, dir string) string {
	path, sudo := shellWord(e.Path), ""
	if info, err := os.Lstat(e.Path); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() != 0 && int(st.Uid) != os.Geteuid() {
			sudo = "sudo "
		}
	}
	switch e.Reason {
	case safefile.Link:
		if target, err := filepath.EvalSymlinks(e.Path); err == nil && e.Path == dir {
			return "set LVS_STATE_DIR to the folder itself: export LVS_STATE_DIR=" + shellWord(target)
		}
		return sudo + "rm " + path
	case safefile.Planted:
		return "set LVS_STATE_DIR to a folder that is not below a link of another user"
	case safefile.NotRegular, safefile.NotFolder, safefile.Foreign:
		return fmt.Sprintf("%smv %s %s", sudo, path, shellWord(e.Path+".old"))
	case safefile.Writable:
		if e.Mode&0o2000 != 0 { // made for a group
			return sudo + "chmod o-w " + path
		}
		return sudo + "chmod go-w " + path
	case safefile.GroupWritable:
		return sudo + "chmod g-w " + path
	case safefile.ListWritable:
		return sudo + "setfacl -b " + path
	case safefile.Sticky:
		return sudo + "chmod -t " + path
	}
	return ""
}

// userName returns the name of a user, or the number of one without a name.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

func groupName(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return g.Name
	}
	return strconv.Itoa(gid)
}
