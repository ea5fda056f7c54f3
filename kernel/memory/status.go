package memory

import (
	"context"
	"fmt"

	"lvs/kernel"
)

// TableStatus describes tables that Linux 7 would have for so many services.
func (k *Kernel) TableStatus(ctx context.Context) ([]kernel.TableStatus, error) {
	const op = "read the state of the hash tables"
	if err := k.enter(ctx, op, anyone); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	if k.hooks.oldKernel {
		return nil, &kernel.Error{Op: op, Err: fmt.Errorf("%w: it needs Linux 7", kernel.ErrNotSupported)}
	}
	conns := 0
	for _, s := range k.table.services {
		for _, v := range s.servers {
			conns += int(v.Active) + int(v.Inactive)
		}
	}
	return []kernel.TableStatus{
		{Name: "Conns", Value: fmt.Sprint(conns)},
		{Name: "Conn buckets", Value: buckets(conns, 8, -4)},
		{Name: "Services", Value: fmt.Sprint(len(k.table.services))},
		{Name: "Service buckets", Value: buckets(len(k.table.services), 4, -3)},
	}, nil
}

// buckets is a table of at least the given bits, one bit for each doubling of
// what it holds; the load factor leaves room.
func buckets(held, bits, factor int) string {
	for 1<<(bits+factor) < held {
		bits++
	}
	return fmt.Sprintf("%d (%d bits, lfactor %d)", 1<<bits, bits, factor)
}
