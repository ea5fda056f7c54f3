package lab_test

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lvs/lab"
)

// slowPart and slowParts make a slow answer, so that servers have connections when they
// are drained.
const (
	slowPart  = 40 * time.Millisecond
	slowParts = 5
)

// serveLoad answers requests with the server's name, or below /slow with parts over some
// time.
func serveLoad(t *testing.T, s *lab.Server, port uint16) {
	t.Helper()
	err := s.Serve(port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			for range slowParts {
				io.WriteString(w, ".")
				w.(http.Flusher).Flush()
				time.Sleep(slowPart) // a slow answer
			}
		}
		io.WriteString(w, s.Name)
	}))
	if err != nil {
		t.Fatal(err)
	}
}

// load is live traffic: clients that send requests without a pause, each over a new
// connection. None may fail.
type load struct {
	t      *testing.T
	stop   chan struct{}
	wait   sync.WaitGroup
	done   atomic.Int64
	failed atomic.Int64
}

// startLoad requests the URL from each client. Every fourth answer is slow.
func startLoad(t *testing.T, clients []*lab.Node, url string) *load {
	t.Helper()
	l := &load{t: t, stop: make(chan struct{})}
	for _, c := range clients {
		for range 3 {
			l.wait.Go(func() { l.ask(c, url) })
		}
	}
	return l
}

func (l *load) ask(c *lab.Node, url string) {
	for i := 0; ; i++ {
		select {
		case <-l.stop:
			return
		default:
		}
		path := "/"
		if i%4 == 3 {
			path = "/slow"
		}
		if _, err := c.Get(url + path); err != nil {
			if l.failed.Add(1) <= 5 {
				l.t.Errorf("request %d: %v", l.done.Load(), err)
			}
		}
		l.done.Add(1)
	}
}

// more waits until n more requests were answered.
func (l *load) more(n int64) {
	l.t.Helper()
	until := l.done.Load() + n
	lab.Eventually(l.t, time.Minute, func() error {
		if now := l.done.Load(); now < until {
			return fmt.Errorf("%d of %d requests", now, until)
		}
		return nil
	})
}

// end stops the traffic and returns the number of requests.
func (l *load) end() (done, failed int64) {
	close(l.stop)
	l.wait.Wait()
	return l.done.Load(), l.failed.Load()
}
