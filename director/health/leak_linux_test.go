package health

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// TestNothingLeaks asks 100,000 questions (10,000 with -short), of servers that answer, refuse, are
// silent, and by kinds with and without a goroutine, while the probes are replaced.
func TestNothingLeaks(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	good, silent, refused := serve(t, answersAndCloses(ok)), serve(t, untilClosed), closedPort(t)
	var probes []Probe
	for i := range 200 {
		p := Probe{Timing: Timing{Every: slotLength, Timeout: slotLength}}
		p.Rise = i + 1 // for different keys
		p.Kind, p.Addr = HTTP, good
		switch i % 20 {
		case 0:
			p.Addr = silent
		case 1, 2:
			p.Addr = refused
		case 3, 4:
			p.Netns = "/proc/self/ns/net" // by a goroutine
		case 5:
			p.Netns, p.Addr = "/proc/self/ns/net", silent
		case 6, 7, 8, 9:
			p.Kind = TCP
		}
		probes = append(probes, p)
	}
	questions := uint64(100_000)
	if testing.Short() {
		questions = 10_000
	}
	files, goroutines := openFiles(t), runtime.NumGoroutine()
	var first, last uint64
	t.Run("questions", func(t *testing.T) {
		e, reports := running(t)
		for half := true; ; half = !half {
			if half {
				e.Set(probes[:len(probes)/2], nil)
			} else {
				e.Set(probes, nil)
			}
			for range 2000 {
				<-reports
			}
			done, _, _ := e.Stats()
			if first == 0 && done > questions/10 {
				first = heapInUse()
			}
			if done >= questions {
				last = heapInUse()
				return
			}
		}
	})
	if last > first+4<<20 {
		t.Errorf("the heap grew from %d to %d bytes", first, last)
	}
	// The servers, which are ours too, see the ends of connections a moment later.
	for range 100 {
		if openFiles(t) <= files && runtime.NumGoroutine() <= goroutines {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%d files and %d goroutines, before it %d and %d", openFiles(t), runtime.NumGoroutine(), files, goroutines)
}

// heapInUse returns the size of what is still referred to.
func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// openFiles returns the number of descriptors of this process.
func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
