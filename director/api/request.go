package api

import (
	"fmt"
	"math"
	"time"

	"lvs/director"
	"lvs/kernel"
)

// request is the body of the requests that change something or ask a check.
type request struct {
	Action  string   `json:"action,omitempty"`
	Servers []target `json:"servers,omitempty"`
	Weight  int      `json:"weight,omitempty"`
	// Over and For are seconds.
	Over    float64 `json:"over,omitempty"`
	For     float64 `json:"for,omitempty"`
	Reason  string  `json:"reason,omitempty"`
	Command string  `json:"command,omitempty"`
	Undoes  uint64  `json:"undoes,omitempty"`
	// SudoUser is who became the user of the process by sudo, as that process says.
	SudoUser string `json:"sudoUser,omitempty"`
	Job      string `json:"job,omitempty"`
}

// target is a server of a service.
type target struct {
	Service string `json:"service"`
	Server  string `json:"server"`
}

// The limits of a request.
const (
	maxBody    = 4 << 20
	maxText    = 1000 // bytes of a reason or a command
	maxSeconds = 10 * 365 * 24 * 3600
)

func requestOf(d *director.Decision, sudoUser string) *request {
	return &request{
		Action: string(d.Action), Servers: targets(d.Servers), Weight: d.Weight, Over: d.Over.Seconds(),
		For: d.For.Seconds(), Reason: cut(d.Reason), Command: cut(d.Command), SudoUser: cut(sudoUser),
		Undoes: d.Undoes,
	}
}

func targets(keys []kernel.ServerKey) []target {
	out := make([]target, len(keys))
	for i, k := range keys {
		out[i] = target{k.Service.String(), k.Server.String()}
	}
	return out
}

func cut(s string) string { return s[:min(len(s), maxText)] }

// keys returns the servers of a request.
func (r *request) keys() ([]kernel.ServerKey, error) {
	keys := make([]kernel.ServerKey, len(r.Servers))
	for i, t := range r.Servers {
		id, err := kernel.ParseServiceID(t.Service)
		if err != nil {
			return nil, fmt.Errorf("service %w", err)
		}
		addr, err := kernel.ParseAddrPort(t.Server)
		if err != nil {
			return nil, fmt.Errorf("server %w", err)
		}
		keys[i] = kernel.ServerKey{Service: id, Server: addr}
	}
	return keys, nil
}

// decision returns the decision of a request that a user has sent.
func (r *request) decision(user string) (director.Decision, error) {
	d := director.Decision{Action: director.Action(r.Action), Weight: r.Weight, User: user, Reason: cut(r.Reason),
		Command: cut(r.Command), Undoes: r.Undoes}
	if r.SudoUser != "" && r.SudoUser != user {
		d.User = cut(r.SudoUser) + " as " + user
	}
	switch d.Action {
	case director.DoDrain, director.DoMaintain, director.DoUndrain, director.DoWeight:
	default:
		return d, fmt.Errorf("invalid action %q: want drain, maintain, undrain or weight", r.Action)
	}
	if r.Weight < 0 || r.Weight > kernel.MaxWeight {
		return d, fmt.Errorf("invalid weight %d: want 0 to %d", r.Weight, kernel.MaxWeight)
	}
	var err error
	if d.Over, err = seconds("over", r.Over); err != nil {
		return d, err
	}
	if d.For, err = seconds("for", r.For); err != nil {
		return d, err
	}
	if d.Servers, err = r.keys(); err == nil && len(d.Servers) == 0 {
		err = fmt.Errorf("no server is named")
	}
	return d, err
}

func seconds(name string, n float64) (time.Duration, error) {
	if math.IsNaN(n) || n < 0 || n > maxSeconds {
		return 0, fmt.Errorf("invalid %s %v: want seconds from 0 to %d", name, n, maxSeconds)
	}
	return time.Duration(n * float64(time.Second)), nil
}
