package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"lvs/cluster"
	"lvs/director"
	"lvs/output"
)

// Server answers the requests to a director.
type Server struct {
	Control director.Control
	// UserName returns the name of a user.
	UserName func(uid int) string
	Now      func() time.Time
}

// Stale is how old the state of a director may be. It renews the state every second; if
// it has not for this time, it hangs.
const Stale = 10 * time.Second

// The longest times of requests.
const (
	maxWait   = 60 * time.Second  // for new events
	maxChange = 60 * time.Second  // a decision, a check, reading the files
	maxLeave  = 24 * time.Hour    // until traffic has left
	maxRead   = 10 * time.Second  // until a request has come
	maxWrite  = 120 * time.Second // from then until the answer has gone
)

// user is the key of the user in the context of a request.
type user struct{}

// Serve answers requests until the context ends, and closes the listener. Answers under way
// get a moment to be written.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: maxRead, ReadTimeout: maxRead, IdleTimeout: maxWait, MaxHeaderBytes: 16 << 10,
		WriteTimeout: maxWrite,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if c, ok := c.(*conn); ok {
				ctx = context.WithValue(ctx, user{}, s.UserName(c.uid))
			}
			return ctx
		},
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := h.Shutdown(end)
	if err != nil {
		err = h.Close()
	}
	return err
}

// Handler returns the handler of all paths.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.status)
	mux.HandleFunc("GET /v1/events", s.events)
	mux.HandleFunc("POST /v1/decide", s.changes(maxChange, s.decide))
	mux.HandleFunc("POST /v1/check", s.changes(maxChange, s.check))
	mux.HandleFunc("POST /v1/reload", s.changes(maxChange, s.reload))
	mux.HandleFunc("POST /v1/later", s.changes(maxChange, s.later))
	mux.HandleFunc("POST /v1/leave", s.changes(maxLeave, s.leave))
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	return mux
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	st := s.Control.Status()
	if st == nil {
		fail(w, http.StatusServiceUnavailable, errStarting)
		return
	}
	s.print(w, st.Netns, func(p *output.Printer) error { return p.Director(StatusRow(st)) })
}

var errStarting = errors.New("the director starts: it has no state yet")

// print writes a document of -o json.
func (s *Server) print(w http.ResponseWriter, netns string, do func(*output.Printer) error) {
	w.Header().Set("Content-Type", "application/json")
	p, err := output.New(w, output.Options{Format: "json", Now: s.Now, Netns: netns})
	if err == nil {
		err = do(p)
	}
	if err != nil {
		panic(http.ErrAbortHandler) // the client has gone, and gets no whole document
	}
}

// events answers the events after the one in the query, and waits for one if there is none.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	after, err := queryNumber(r, "after")
	wait, err2 := queryNumber(r, "wait")
	if err := errors.Join(err, err2); err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	unhurried(w, maxWait)
	events := s.await(r.Context(), after, min(time.Duration(min(wait, 3600))*time.Second, maxWait))
	s.print(w, "", func(p *output.Printer) error {
		out, err := p.DirectorEvents()
		if err != nil {
			return err
		}
		for i := range events {
			row := EventRow(&events[i])
			if err := out.Add(&row); err != nil {
				return err
			}
		}
		return out.Close()
	})
}

// await returns the events after an ID. If there are none it waits for some.
func (s *Server) await(ctx context.Context, after uint64, wait time.Duration) []director.Event {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		events, _, more := s.Control.Events(after)
		if len(events) > 0 {
			return events
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

// unhurried gives a request that has come whole its own time. Without it the server's time
// to read a request would end its context.
func unhurried(w http.ResponseWriter, most time.Duration) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{})
	_ = c.SetWriteDeadline(time.Now().Add(most + maxRead))
}

func queryNumber(r *http.Request, name string) (uint64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("invalid %s %q: want a number", name, text)
	}
	return n, nil
}

// changes returns the handler of a request with a body, which may take a time.
func (s *Server) changes(most time.Duration, do func(http.ResponseWriter, *http.Request, *request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), most)
		defer cancel()
		body := new(request)
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		d.DisallowUnknownFields()
		if err := d.Decode(body); err != nil && !errors.Is(err, io.EOF) {
			fail(w, http.StatusBadRequest, fmt.Errorf("invalid request: %w", err))
			return
		}
		unhurried(w, most)
		do(w, r.WithContext(ctx), body)
	}
}

func (s *Server) decide(w http.ResponseWriter, r *http.Request, body *request) {
	d, err := body.decision(userOf(r))
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	now, err := s.Control.Decide(r.Context(), d)
	s.servers(w, now, err)
}

func (s *Server) check(w http.ResponseWriter, r *http.Request, body *request) {
	keys, err := body.keys()
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	now, err := s.Control.Check(r.Context(), keys)
	s.servers(w, now, err)
}

func (s *Server) servers(w http.ResponseWriter, now []director.ServerStatus, err error) {
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	s.print(w, "", func(p *output.Printer) error { return p.DirectedServers(serverRows(now)) })
}

func (s *Server) reload(w http.ResponseWriter, r *http.Request, _ *request) {
	done(w, s.Control.Reload(r.Context()))
}

func (s *Server) later(w http.ResponseWriter, r *http.Request, body *request) {
	if body.Job == "" {
		fail(w, http.StatusBadRequest, errors.New("no job is named"))
		return
	}
	done(w, s.Control.RunLater(r.Context(), body.Job))
}

func (s *Server) leave(w http.ResponseWriter, r *http.Request, _ *request) {
	done(w, s.Control.Leave(r.Context()))
}

// healthz answers whether the director works.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	say(w, Healthy(s.Control.Status(), s.Now()))
}

// readyz answers whether the director has judged every service.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	say(w, Ready(s.Control.Status(), s.Now()))
}

// Healthy returns why a director does not work, or nil if it does.
func Healthy(st *director.Status, now time.Time) error {
	if st == nil {
		return errStarting
	}
	if age := now.Sub(st.At); age > Stale {
		return fmt.Errorf("the director has done nothing for %s", output.Duration(age))
	}
	return nil
}

// Ready returns why a director is not in charge of its services yet, or nil if it is.
func Ready(st *director.Status, now time.Time) error {
	if err := Healthy(st, now); err != nil {
		return err
	}
	for i := range st.Services {
		if st.Services[i].State == director.ServiceUnknown {
			return fmt.Errorf("service %v is not judged yet", st.Services[i].ID)
		}
	}
	return nil
}

func say(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, err.Error()+"\n")
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

func userOf(r *http.Request) string {
	name, _ := r.Context().Value(user{}).(string)
	return name
}

// done answers a request that has no result.
func done(w http.ResponseWriter, err error) {
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// statusOf returns the HTTP status of an error of the director.
func statusOf(err error) int {
	var faults cluster.Faults
	switch {
	case errors.Is(err, director.ErrNotOwned):
		return http.StatusNotFound
	case errors.As(err, &faults):
		return http.StatusUnprocessableEntity
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

// exitStatuses are the exit statuses of a command for the HTTP statuses of a refusal.
var exitStatuses = [...]struct{ http, exit int }{
	{http.StatusBadRequest, 2}, {http.StatusNotFound, 4}, {http.StatusUnprocessableEntity, 2},
	{http.StatusGatewayTimeout, 8},
}

// fail writes an error as -o json does.
func fail(w http.ResponseWriter, status int, err error) {
	row := output.ErrorRow{What: "director", Why: err.Error(), ExitStatus: 3}
	for _, s := range exitStatuses {
		if s.http == status {
			row.ExitStatus = s.exit
		}
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EDQUOT) {
		row.Hint = orNull("nothing was changed, because it could not be remembered: make the state folder writable")
	}
	var faults cluster.Faults
	if errors.As(err, &faults) {
		row.Why = "the cluster files are not valid"
		for i := range faults {
			row.Faults = append(row.Faults, faultRow(&faults[i]))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	output.WriteError(w, row)
}

func faultRow(f *cluster.Fault) output.FaultRow {
	row := output.FaultRow{File: orNull(f.File), Text: orNull(f.Text), Why: f.Why, Hint: orNull(f.Hint)}
	if f.Line > 0 {
		row.Line = &f.Line
	}
	if f.Column > 0 {
		row.Column = &f.Column
	}
	return row
}
