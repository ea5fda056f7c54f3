package commands

import (
	"context"
	"errors"
	"fmt"

	"lvs/director/api"
	"lvs/output"
)

// directorNow returns what the director of this table says now, or nil if none runs. The
// error says why it cannot be believed. It takes at most actorTime.
func (a *App) directorNow(ctx context.Context) (*output.DirectorRow, error) {
	path, err := a.directorSocket()
	if err != nil || !exists(path) {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, actorTime)
	defer cancel()
	st, err := (&api.Client{Path: path}).Status(ctx)
	var absent *api.AbsentError
	switch {
	case errors.As(err, &absent):
		return nil, nil
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("the director hangs: no answer within %v", actorTime)
	case err != nil:
		return nil, fmt.Errorf("a director runs for this table and cannot be asked: %w", err)
	}
	if err := hangs(st, a.Now()); err != nil {
		return nil, err
	}
	return st, nil
}
