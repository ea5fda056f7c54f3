package lab_test

import (
	"fmt"
	"math"
	"net/netip"
	"testing"

	"lvs/lab"
)

// TestExampleWeb brings examples/web.yaml up from nothing: every machine serves
// as much as its weight says, at both ports.
func TestExampleWeb(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Servers: 3, Forward: lab.Direct, VIP4: netip.MustParseAddr("192.0.2.10")})
	for _, s := range c.Servers {
		for _, port := range []uint16{80, 443} {
			if err := s.ServeHTTP(port); err != nil {
				t.Fatal(err)
			}
		}
	}
	lvs(t, c.Director, 0, "apply", "-f", "../examples/web.yaml")
	for _, port := range []int{80, 443} {
		got := map[string]int{}
		for range 70 {
			name, err := c.Clients[0].Get(fmt.Sprintf("http://192.0.2.10:%d/", port))
			if err != nil {
				t.Fatal(err)
			}
			got[name]++
		}
		for i, want := range []int{40, 20, 10} {
			if n := got[c.Servers[i].Name]; math.Abs(float64(n-want)) > 4 {
				t.Errorf("port %d: %s served %d of 70 requests; %d by its weight", port, c.Servers[i].Name, n, want)
			}
		}
	}
	lvs(t, c.Director, 0, "diff", "-f", "../examples/web.yaml")
}
