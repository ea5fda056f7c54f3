package commands

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
)

// limitGarbage sets how much garbage a command may make before it is collected, in percent
// of the memory that it uses. A command runs for milliseconds: with a heap below 16 MiB (by
// default 4 MiB), collecting costs more than it saves. A command that keeps a huge table
// gets less. A fixed limit (debug.SetMemoryLimit) is not for those: beyond it the runtime
// collects all the time.
func (a *App) limitGarbage() {
	a.garbageSet = new(atomic.Bool)
	w := &heapWatch{off: a.garbageSet, percent: garbagePercent(0)}
	debug.SetGCPercent(w.percent)
	w.await()
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
type heapWatch struct {
	off     *atomic.Bool
	percent int
}

// await adapts the limit after the next collection, and so on.
func (w *heapWatch) await() {
	runtime.SetFinalizer(w, func(w *heapWatch) {
		if w.off.Load() {
			return
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		live := m.NextGC / uint64(100+w.percent) * 100 // NextGC is what was in use, and the limit
		w.percent = garbagePercent(live)
		debug.SetGCPercent(w.percent)
		w.await()
	})
}
