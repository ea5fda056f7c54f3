package commands

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestSleepEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := System().Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("it returns %v", err)
	}
	if err := System().Sleep(t.Context(), time.Nanosecond); err != nil {
		t.Error(err)
	}
}
