package commands

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// limitGarbage sets how much garbage a command may make before it is collected, in percent
// of the memory that it uses. A command runs for milliseconds: with a heap below 16 MiB (by
// default 4 MiB), collecting costs more than it saves. A command that keeps a huge table
// gets less. A fixed limit (debug.SetMemoryLimit) is not for those: beyond it the runtime
// collects all the time.
func (a *App) limitGarbage() {
	debug.SetGCPercent(garbagePercent(0))
	a.garbageSet = new(atomic.Bool)
	watchHeap(&heapWatch{a.garbageSet})
}

// setGarbage sets a limit for a command that runs for hours.
func (a *App) setGarbage(percent int) {
	if a.garbageSet != nil {
		a.garbageSet.Store(true)
	}
	debug.SetGCPercent(percent)
}

// garbagePercent returns the limit for a number of bytes in use.
func garbagePercent(live uint64) int {
	switch {
	case live < 16<<20:
		return 400
	case live < 64<<20:
		return 80
	}
	return 35
}

// heapWatch is an object that nothing refers to: each collection finds it.
type heapWatch struct{ off *atomic.Bool }

// watchHeap adapts the limit after each collection.
func watchHeap(w *heapWatch) {
	runtime.SetFinalizer(w, func(w *heapWatch) {
		if w.off.Load() {
			return
		}
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		if live := sample[0].Value; live.Kind() == metrics.KindUint64 {
			debug.SetGCPercent(garbagePercent(live.Uint64()))
		}
		watchHeap(w)
	})
}
