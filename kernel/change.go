package kernel

import "fmt"

// Op is what a change does.
type Op uint8

// The changes that the kernel accepts. Each is one message.
const (
	AddService Op = iota + 1
	EditService
	DeleteService
	AddServer
	EditServer
	DeleteServer
)

func (o Op) String() string {
	switch o {
	case AddService:
		return "add service"
	case EditService:
		return "edit service"
	case DeleteService:
		return "delete service"
	case AddServer:
		return "add server"
	case EditServer:
		return "edit server"
	case DeleteServer:
		return "delete server"
	}
	return "unknown change"
}

// OnServer reports whether the change concerns a server.
func (o Op) OnServer() bool { return o >= AddServer }

// Change is one step that Apply sends. An edit replaces the whole configuration
// of the object; it closes no connection.
type Change struct {
	Op Op
	// Service is the service to change, or the service whose server changes.
	// Only its identity is used for changes of a server and for DeleteService.
	Service Service
	// Server is the server to change. It is ignored for changes of a service.
	Server Server
}

// sound reports whether the change names a service and a server that the wire
// format can hold. Others, such as an IPv6 address in an IPv4 service, would
// reach the kernel as another service.
func (c *Change) sound() bool {
	id := c.Service.ServiceID
	switch {
	case id.Family != IPv4 && id.Family != IPv6, c.Op.OnServer() && !c.Server.Addr.IsValid():
		return false
	case id.FWMark != 0:
		return id == MarkID(id.FWMark, id.Family)
	}
	return id.Family == FamilyOf(id.Addr) && (id.Protocol == TCP || id.Protocol == UDP || id.Protocol == SCTP)
}

// Refusal is a change that the kernel refused.
type Refusal struct {
	// Index is the position of the change in the slice passed to Apply.
	Index int
	Err   *Error
}

// Refusals is the error of Apply when the kernel made some of the changes only,
// in ascending order of Index.
type Refusals []Refusal

func (r Refusals) Error() string {
	switch len(r) {
	case 1:
		return r[0].Err.Error()
	case 2:
		return fmt.Sprintf("%v (and 1 more refusal)", r[0].Err)
	}
	return fmt.Sprintf("%v (and %d more refusals)", r[0].Err, len(r)-1)
}

// Unwrap lets errors.Is and errors.As look into each refusal.
func (r Refusals) Unwrap() []error {
	out := make([]error, len(r))
	for i := range r {
		out[i] = r[i].Err
	}
	return out
}
