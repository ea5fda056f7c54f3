package kernel

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
)

func TestErrorTexts(t *testing.T) {
	service, server := MarkID(7, IPv4), netip.MustParseAddrPort("192.0.2.1:80")
	refusal := Refusal{Index: 3, Err: &Error{Op: "add server", Service: service, Server: server, Err: ErrExists}}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&Error{Op: "list services", Err: ErrPermission}, "list services: permission denied"},
		{&Error{Op: "read", Service: service, Err: ErrNoService}, "read fwmark:7: no such service"},
		{Refusals{refusal}, "add server fwmark:7 192.0.2.1:80: already exists"},
		{Refusals{refusal, refusal}, "add server fwmark:7 192.0.2.1:80: already exists (and 1 more refusal)"},
		{Refusals{refusal, refusal, refusal}, "add server fwmark:7 192.0.2.1:80: already exists (and 2 more refusals)"},
	} {
		t.Run(c.want, func(t *testing.T) {
			if got := c.err.Error(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestWithOp(t *testing.T) {
	read := &Error{Op: "read", Service: MarkID(7, IPv4), Err: ErrNoService}
	err := WithOp("edit server", read)
	if err.Error() != "edit server fwmark:7: no such service" || !errors.Is(err, ErrNoService) {
		t.Errorf("got %v, want the same error about the edit of a server", err)
	}
	if read.Op != "read" {
		t.Errorf("the error that was read is now about %q", read.Op)
	}
	for _, other := range []error{nil, errors.New("another"), fmt.Errorf("wrapped: %w", read)} {
		if got := WithOp("edit server", other); got != other {
			t.Errorf("got %v, want %v as it was", got, other)
		}
	}
}

func TestVersion(t *testing.T) {
	if got := Version(0x010201).String(); got != "1.2.1" {
		t.Errorf("got %q, want 1.2.1", got)
	}
}

// An answer that can mean only one of the names has that name.
func TestNoScheduler(t *testing.T) {
	for _, c := range []struct{ scheduler, engine, want string }{
		{"wrrr", "", `no such scheduler "wrrr"`},
		{"wlc", "", `no such scheduler "wlc"`}, // its module is missing
		{"wrrr", "sip", `no such scheduler "wrrr"`},
		{"wrrr", "h323", `no such scheduler "wrrr"`}, // it is looked for first
		{"wlc", "h323", `no such persistence engine "h323"`},
		{"wlc", "sip", "no such scheduler or persistence engine"},
	} {
		t.Run(c.scheduler+" "+c.engine, func(t *testing.T) {
			err := NoScheduler(&Service{Scheduler: c.scheduler, Engine: c.engine})
			if !errors.Is(err, ErrNoScheduler) || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}
