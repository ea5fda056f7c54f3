package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"lvs/director"
	"lvs/kernel"
	"lvs/output"
)

// Client asks a director.
type Client struct {
	// Path is that of the socket.
	Path string
	// SudoUser is who called sudo, for the journal. Empty is nobody.
	SudoUser string
	// patience replaces the time of each answer in tests. Zero: see askTime.
	patience time.Duration
}

// AbsentError means that no director listens at a path.
type AbsentError struct {
	Path string
	Err  error
}

func (e *AbsentError) Error() string { return "no director runs: " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the error of the connection.
func (e *AbsentError) Unwrap() error { return e.Err }

// SilentError means that a director has a socket and does not answer: it hangs, was stopped
// by a signal, or the machine is too busy.
type SilentError struct {
	Path string
	// After is how long it had time.
	After time.Duration
	// Change is set if the request was to change something. It may still be carried out.
	Change bool
}

func (e *SilentError) Error() string {
	text := fmt.Sprintf("the director does not answer: %s: nothing within %s", e.Path, e.After)
	if e.Change {
		text += "; it may still carry out the request"
	}
	return text
}

// Error is a request that the director has refused.
type Error struct{ output.ErrorRow }

func (e *Error) Error() string { return e.What + ": " + e.Why }

// The longest times until a whole answer has come. A change has maxChange in the director.
const (
	askTime    = 10 * time.Second
	changeTime = maxChange + askTime
)

// maxAnswer bounds an answer: a thousand bytes for each of 100,000 servers.
const maxAnswer = 100 << 20

// Status returns the state of the director.
func (c *Client) Status(ctx context.Context) (*output.DirectorRow, error) {
	var doc struct{ Item output.DirectorRow }
	err := c.do(ctx, askTime, http.MethodGet, "/v1/status", nil, &doc)
	return &doc.Item, err
}

// Events returns the events after an ID. If there are none it waits up to a minute for one,
// and may return none.
func (c *Client) Events(ctx context.Context, after uint64, wait time.Duration) ([]output.DirectorEventRow, error) {
	var doc struct{ Items []output.DirectorEventRow }
	path := "/v1/events?after=" + strconv.FormatUint(after, 10) + "&wait=" + strconv.Itoa(int(wait/time.Second))
	err := c.do(ctx, wait+askTime, http.MethodGet, path, nil, &doc)
	return doc.Items, err
}

// Decide has a decision carried out, and returns the servers as they are then. The director
// takes the user from the connection, not from d.
func (c *Client) Decide(ctx context.Context, d *director.Decision) ([]output.DirectedServerRow, error) {
	var doc struct{ Items []output.DirectedServerRow }
	err := c.do(ctx, changeTime, http.MethodPost, "/v1/decide", requestOf(d, c.SudoUser), &doc)
	return doc.Items, err
}

// Check has servers checked now, and returns them after the answers.
func (c *Client) Check(ctx context.Context, servers []kernel.ServerKey) ([]output.DirectedServerRow, error) {
	var doc struct{ Items []output.DirectedServerRow }
	err := c.do(ctx, changeTime, http.MethodPost, "/v1/check", &request{Servers: targets(servers)}, &doc)
	return doc.Items, err
}

// Reload has the files read again.
func (c *Client) Reload(ctx context.Context) error {
	return c.do(ctx, changeTime, http.MethodPost, "/v1/reload", &request{}, nil)
}

// RunLater hands over a job of the state folder.
func (c *Client) RunLater(ctx context.Context, job string) error {
	return c.do(ctx, changeTime, http.MethodPost, "/v1/later", &request{Job: job}, nil)
}

// Leave ends the director when traffic has left it, or when the context ends.
func (c *Client) Leave(ctx context.Context) error {
	return c.do(ctx, maxLeave+askTime, http.MethodPost, "/v1/leave", &request{}, nil)
}

// do makes one request over a connection of its own, and waits for the answer for a time.
func (c *Client) do(ctx context.Context, most time.Duration, method, path string, body *request, answer any) error {
	if c.patience > 0 {
		most = c.patience
	}
	silent := &SilentError{Path: c.Path, After: most, Change: body != nil}
	ctx, cancel := context.WithTimeoutCause(ctx, most, silent)
	defer cancel()
	var text io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://director"+path, text)
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: c.dial, DisableKeepAlives: true, DisableCompression: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return c.unanswered(ctx, err)
	}
	defer resp.Body.Close()
	in := io.LimitReader(resp.Body, maxAnswer)
	switch {
	case resp.StatusCode >= 400:
		return refusal(resp, in)
	case answer == nil:
		return nil
	}
	if err := json.NewDecoder(in).Decode(answer); err != nil {
		return c.unanswered(ctx, err)
	}
	return nil
}

func (c *Client) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if len(c.Path) > maxPath {
		return nil, &PathError{c.Path}
	}
	return (&net.Dialer{}).DialContext(ctx, "unix", c.Path)
}

// unanswered returns why there is no answer.
func (c *Client) unanswered(ctx context.Context, err error) error {
	var path *PathError
	var call syscall.Errno
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &path):
		return path
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		errors.As(err, &call)
		return &AbsentError{c.Path, call}
	case errors.Is(err, fs.ErrPermission):
		errors.As(err, &call)
		return fmt.Errorf("director: %s: %w", c.Path, call)
	}
	return fmt.Errorf("director: %s: no whole answer: %w", c.Path, err)
}

// refusal returns the error that the director has written.
func refusal(resp *http.Response, in io.Reader) error {
	var doc struct{ Error output.ErrorRow }
	if err := json.NewDecoder(in).Decode(&doc); err != nil || doc.Error.Why == "" {
		return fmt.Errorf("director: HTTP status %d", resp.StatusCode)
	}
	return &Error{doc.Error}
}
