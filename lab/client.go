package lab

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

const (
	clientPatience = 5 * time.Second
	answerLimit    = 1 << 20 // bytes of an answer that are read
)

// Dial opens a connection from the node.
func (n *Node) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := n.Do(func() (err error) {
		conn, err = (&net.Dialer{Timeout: clientPatience}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Get fetches a URL over a connection of its own and returns the answer's
// body. The URL has an address, not a name.
func (n *Node) Get(url string) (string, error) {
	transport := &http.Transport{DialContext: n.Dial, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: clientPatience}
	answer, err := client.Get(url)
	if err != nil {
		return "", fmt.Errorf("%s: %w", n.Name, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", n.Name, url, answer.Status)
	}
	return string(body), err
}

// Echo sends one datagram from a port of its own and returns the answer.
func (n *Node) Echo(to netip.AddrPort, text string) (string, error) {
	conn, err := n.Dial(context.Background(), "udp", to.String())
	if err != nil {
		return "", fmt.Errorf("%s: %w", n.Name, err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(clientPatience)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte(text)); err != nil {
		return "", fmt.Errorf("%s: %w", n.Name, err)
	}
	buf := make([]byte, 64<<10)
	size, err := conn.Read(buf)
	if err != nil {
		return "", fmt.Errorf("%s: %w", n.Name, err)
	}
	return string(buf[:size]), nil
}

// Eventually waits until check finds nothing wrong, and fails the test with
// what it last found when that takes longer than limit.
func Eventually(t testing.TB, limit time.Duration, check func() error) {
	t.Helper()
	const pause = 20 * time.Millisecond
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still so after %s: %v", limit, err)
		}
		time.Sleep(pause)
	}
}
