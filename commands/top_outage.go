package commands

import (
	"fmt"
	"io/fs"
	"os"

	"lvs/kernel"
	"lvs/output"
)

// outageReader reads which servers are drained, before each reading of the table. It opens
// the file only if it was replaced.
type outageReader struct {
	app  *App
	last fs.FileInfo
	rows map[kernel.ServerKey]output.Outage
	err  error
}

// read returns the servers, and what else is to be said.
func (r *outageReader) read() (map[kernel.ServerKey]output.Outage, string) {
	a := r.app
	if a.Identity == nil {
		return nil, ""
	}
	if info := a.state().StatWeights(); !sameVersion(info, r.last) {
		r.last, r.rows, r.err = info, nil, nil
		if info != nil {
			r.load()
		}
	}
	if r.err != nil {
		return r.rows, fmt.Sprintf("cannot find out which servers are drained: %v", r.err)
	}
	return r.rows, a.pendingText()
}

func (r *outageReader) load() {
	table, err := r.app.Identity(r.app.global.netns)
	if err != nil {
		r.last, r.err = nil, err // the next reading tries again
		return
	}
	all, err := r.app.state().AllWeights(table)
	r.rows, r.err = outageRows(all), err
}

// sameVersion reports whether a file was not replaced meanwhile. Nil: it does not exist.
func sameVersion(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
