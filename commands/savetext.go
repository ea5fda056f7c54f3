package commands

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"lvs/commands/ipvsadm"
)

// isListing reports whether the first line of a text is from ipvsadm -L, which nothing
// can read back.
func isListing(text *bufio.Reader) bool {
	start, _ := text.Peek(256) // the reading of the text reports read errors
	for line := range strings.Lines(string(start)) {
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		for _, first := range []string{"IP Virtual Server version ", "Prot LocalAddress:Port", "TCP  ", "UDP  ", "SCTP ",
			"FWM  ", "  -> "} {
			if strings.HasPrefix(line, first) {
				return true
			}
		}
		return false
	}
	return false
}

func (a *App) listingFault() error {
	return usagef("this is a listing (ipvsadm -L), not the output of ipvsadm-save").
		hintf("save the table with ipvsadm-save -n, or with %s save", a.here())
}

// shownNames is how many unknown names of a text are reported one by one.
const shownNames = 10

// savedNames explains the faults of a text whose names cannot be looked up: it was saved
// without -n.
func (a *App) savedNames(err error) error {
	var text ipvsadm.Faults
	if !errors.As(err, &text) {
		return err
	}
	var all faults
	names := 0
	for _, f := range text {
		if f.Name {
			if names++; names > shownNames {
				continue
			}
		}
		all.add(f)
	}
	if names == 0 {
		return err
	}
	why := fmt.Sprintf("%s cannot be looked up here: the text was saved without -n", plural(names, "name"))
	if more := names - shownNames; more > 0 {
		why = fmt.Sprintf("%d more names cannot be looked up here: the text was saved without -n", more)
	}
	all.add(usagef("%s", why).hintf("save the table again with numbers: ipvsadm-save -n, or %s save", a.here()))
	return all.err()
}
