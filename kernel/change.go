package kernel

// Op is what a change does.
type Op uint8

// The changes the kernel takes, each one message.
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

// OnServer tells whether the change concerns a server.
func (o Op) OnServer() bool { return o >= AddServer }

// Change is one step that Apply sends. An edit replaces the whole
// configuration of the object; it cuts no connection.
type Change struct {
	Op Op
	// Service is the service to change, or the one whose server changes: then
	// only its identity matters. Deleting looks at the identity alone.
	Service Service
	// Server is the server to change; without meaning for a service.
	Server Server
}

// sound tells whether the change names something the wire format can hold. What
// it cannot, such as an IPv6 address in an IPv4 service, would reach the kernel
// as another service.
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
