package kerneltest

import (
	"context"
	"slices"

	"lvs/kernel"
)

// TableStatus gives a fixed description of small tables.
func (k *Kernel) TableStatus(ctx context.Context) ([]kernel.TableStatus, error) {
	if err := k.enter(ctx, "table status", anyone); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	if k.hooks.oldKernel {
		return nil, &kernel.Error{Op: "table status", Err: kernel.ErrNotSupported}
	}
	return slices.Clone(k.table.status), nil
}

func defaultStatus() []kernel.TableStatus {
	return []kernel.TableStatus{
		{Name: "Conns", Value: "0"},
		{Name: "Services", Value: "0"},
	}
}
