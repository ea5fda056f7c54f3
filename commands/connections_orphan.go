package commands

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"lvs/kernel"
)

// orphans finds out which connections have lost their server. Nil: it is not asked for.
type orphans struct {
	app    *App
	kernel kernel.Kernel
	owners *kernel.Owners
	read   time.Time
}

// tableAge is how old the table may be before a connection is called orphaned by it: its
// server may have been added meanwhile.
const tableAge = time.Second

// orphans reads the table, if any option needs it.
func (o *connections) orphans(ctx context.Context, k kernel.Kernel) (*orphans, error) {
	if !o.wantsOrphaned() {
		return nil, nil
	}
	s := &orphans{app: o.app, kernel: k}
	return s, s.readTable(ctx)
}

// readTable reads the table. Without privilege it reads what everyone may read.
func (s *orphans) readTable(ctx context.Context) error {
	table, err := s.kernel.Snapshot(ctx)
	if errors.Is(err, kernel.ErrPermission) {
		table, err = s.kernel.PublicSnapshot(ctx)
	}
	if err != nil {
		return err
	}
	s.owners, s.read = kernel.NewOwners(table), s.app.Now()
	return nil
}

// mark sets c.Orphan.
func (s *orphans) mark(ctx context.Context, c *kernel.Connection) error {
	if s == nil {
		return nil
	}
	c.Orphan = s.owners.Orphaned(c)
	if c.Orphan == kernel.NotOrphaned || s.app.Now().Sub(s.read) < tableAge {
		return nil
	}
	if err := s.readTable(ctx); err != nil {
		return err
	}
	c.Orphan = s.owners.Orphaned(c)
	return nil
}

// wantsOrphaned reports whether the output, or any option, has the column orphaned.
func (o *connections) wantsOrphaned() bool {
	g := &o.app.global
	switch {
	case o.names("orphaned"):
		return true
	case o.groupBy != "" || g.output == "name":
		return false
	case g.columns != "":
		tabular := slices.Contains([]string{"", "table", "wide", "csv"}, g.output)
		return !tabular || g.jq != "" || g.template != ""
	}
	return true
}

// names reports whether any option names a column, in any case.
func (o *connections) names(column string) bool {
	is := func(text string) bool { return strings.EqualFold(strings.TrimSpace(text), column) }
	return is(strings.TrimPrefix(o.sort, "-")) ||
		slices.ContainsFunc(strings.Split(o.groupBy, ","), is) ||
		slices.ContainsFunc(strings.Split(o.app.global.columns, ","), is) ||
		slices.ContainsFunc(o.filter, func(f string) bool {
			end := strings.IndexAny(f, "!=<>~")
			return is(f[:max(end, 0)])
		})
}
