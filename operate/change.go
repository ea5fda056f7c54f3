package operate

import (
	"context"
	"errors"
	"fmt"

	"lvs/kernel"
	"lvs/plan"
)

// Step is one change together with what it replaces.
type Step struct {
	kernel.Change
	// BeforeService and BeforeServer are the object that is edited or deleted, or nil.
	BeforeService *kernel.Service
	BeforeServer  *kernel.Server
	// Entry is the whole service if it is deleted.
	Entry *kernel.ServiceEntry
}

// Object returns the object that the step changes, without the servers that are
// deleted with their service. index is the step's index among the steps.
func (s *Step) Object(index int) plan.Object {
	o := plan.Object{
		Service: s.Service.ServiceID, BeforeService: s.BeforeService, BeforeServer: s.BeforeServer, Change: index,
	}
	if s.Op.OnServer() {
		o.Server = s.Server.Addr
	}
	switch s.Op {
	case kernel.AddService, kernel.EditService:
		o.AfterService = &s.Service
	case kernel.AddServer, kernel.EditServer:
		o.AfterServer = &s.Server
	}
	return o
}

// Objects returns all objects that steps change, for the journal.
func Objects(steps []Step) []plan.Object {
	out := make([]plan.Object, 0, len(steps))
	for i := range steps {
		out = append(out, steps[i].Object(i))
		if e := steps[i].Entry; e != nil {
			out = append(out, plan.DeletedServers(e, i)...)
		}
	}
	return out
}

// WeightSteps returns the steps that set the weight of servers that have another one.
func WeightSteps(servers []Member, weight int) []Step {
	var steps []Step
	for i := range servers {
		before := &servers[i].Server
		if before.Weight == weight {
			continue
		}
		after := *before
		after.Weight = weight
		steps = append(steps, Step{
			Change: kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: servers[i].Service.ServiceID},
				Server: after},
			BeforeServer: before,
		})
	}
	return steps
}

// PartlyError means that the kernel made some of the changes and refused others.
type PartlyError struct {
	Made    int
	Refused kernel.Refusals
}

func (e *PartlyError) Error() string {
	return fmt.Sprintf("%d of %d changes were made: %v", e.Made, e.Made+len(e.Refused), e.Refused)
}

// Unwrap returns the refusals.
func (e *PartlyError) Unwrap() error { return e.Refused }

// Apply records steps and sends all of them to the kernel, even after a refusal.
// Refused steps are kernel.Refusals, inside a PartlyError if others were made.
func (o *Operator) Apply(ctx context.Context, steps []Step) error {
	changes := make([]kernel.Change, len(steps))
	for i := range steps {
		changes[i] = steps[i].Change
	}
	return o.Do(ctx, Objects(steps), func() error { return o.Kernel.Apply(ctx, changes) })
}

// Do records what is about to be changed, calls do, and records the outcome.
// Objects that are changed together have the same Change, counted from 0.
func (o *Operator) Do(ctx context.Context, objects []plan.Object, do func() error) error {
	done := o.Record(ctx, objects)
	o.Sent = true
	failure := do()
	done(failure)
	var refused kernel.Refusals
	if failure == nil || !errors.As(failure, &refused) {
		return failure
	}
	markGone(objects, refused)
	changes := 0
	for i := range objects {
		changes = max(changes, objects[i].Change+1)
	}
	if len(refused) < changes {
		return &PartlyError{changes - len(refused), refused}
	}
	return failure
}

// GoneError means that an object does not exist, although it did when the table was read.
type GoneError struct{ Err error }

func (e *GoneError) Error() string {
	return e.Err.Error() + ": it was deleted by someone else meanwhile"
}

// Unwrap returns the kernel's error.
func (e *GoneError) Unwrap() error { return e.Err }

// markGone makes the refusals of objects that existed GoneErrors.
func markGone(objects []plan.Object, refused kernel.Refusals) {
	existed := map[int]bool{}
	for i := range objects {
		if o := &objects[i]; o.BeforeService != nil || o.BeforeServer != nil {
			existed[o.Change] = true
		}
	}
	for _, r := range refused {
		if existed[r.Index] && (errors.Is(r.Err, kernel.ErrNoService) || errors.Is(r.Err, kernel.ErrNoServer)) {
			r.Err.Err = &GoneError{r.Err.Err}
		}
	}
}

// Member is a server in one of its services.
type Member struct {
	Service kernel.Service
	kernel.ServerEntry
}

// Key returns what identifies the member.
func (m *Member) Key() kernel.ServerKey {
	return kernel.ServerKey{Service: m.Service.ServiceID, Server: m.Addr}
}

// Keys returns the keys of members.
func Keys(members []Member) []kernel.ServerKey {
	out := make([]kernel.ServerKey, len(members))
	for i := range members {
		out[i] = members[i].Key()
	}
	return out
}

// ServicesOf returns the services of servers, each once.
func ServicesOf(keys []kernel.ServerKey) []kernel.ServiceID {
	var ids []kernel.ServiceID
	seen := map[kernel.ServiceID]bool{}
	for _, key := range keys {
		if !seen[key.Service] {
			seen[key.Service] = true
			ids = append(ids, key.Service)
		}
	}
	return ids
}
