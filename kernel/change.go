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
