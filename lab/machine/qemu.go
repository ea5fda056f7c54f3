package machine

import (
	"context"
	"errors"
)

func openQEMU(ctx context.Context, cache *Cache) (Machine, error) {
	return nil, errors.New("QEMU: not yet")
}
