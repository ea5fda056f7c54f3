package operate

import (
	"math/rand/v2"
	"testing"
	"time"

	"lvs/kernel"
)

// A ramp goes one way, ends exactly, and is on time.
func TestRampAt(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		from, to := random.IntN(kernel.MaxWeight), random.IntN(kernel.MaxWeight)
		if random.IntN(2) == 0 {
			from, to = random.IntN(20), random.IntN(20)
		}
		over := time.Duration(1 + random.Int64N(int64(time.Hour)))
		if from == to {
			continue
		}
		last := from
		for gone := time.Duration(0); ; {
			now := rampAt(from, to, gone, over)
			if (to > from) != (now >= last) && now != last {
				t.Fatalf("%d to %d over %s: %d after %d", from, to, over, now, last)
			}
			if last = now; now == to {
				if gone > over {
					t.Fatalf("%d to %d over %s: only after %s", from, to, over, gone)
				}
				break
			}
			next := max(rampNext(from, to, now, over), gone+over/100+1)
			if rampAt(from, to, next, over) == now && next == rampNext(from, to, now, over) {
				t.Fatalf("%d to %d over %s: at %s it is still %d", from, to, over, next, now)
			}
			gone = min(next, over)
		}
	}
}
