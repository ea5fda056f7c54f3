package ipvsadm

import (
	"errors"
	"strings"
	"syscall"

	"lvs/kernel"
)

// reason is ipvsadm's text for an error of the kernel.
func reason(err error) string {
	text := ""
	switch {
	case errors.Is(err, kernel.ErrExists):
		text = "Service already exists"
		if onServer(err) {
			text = "Destination already exists"
		} else if onDaemon(err) {
			text = "Daemon has already run"
		}
	case errors.Is(err, kernel.ErrNoService):
		text = "No such service"
		if onServer(err) {
			text = "Service not defined"
		}
	case errors.Is(err, kernel.ErrNoServer):
		text = "No such destination"
	case errors.Is(err, kernel.ErrNoScheduler):
		text = "Scheduler or persistence engine not found"
	case errors.Is(err, kernel.ErrRange):
		text = "Numerical result out of range"
	case errors.Is(err, kernel.ErrInvalid):
		text = "Invalid operation.  Possibly wrong module version, address not unicast, ..."
	case errors.Is(err, kernel.ErrNoDaemon):
		text = "No daemon is running"
	case errors.Is(err, kernel.ErrNoInterface):
		text = "No such device"
	case errors.Is(err, kernel.ErrPermission):
		text = "Permission denied (you must be root)"
	case errors.Is(err, kernel.ErrNotLoaded):
		text = "Protocol not available"
	default:
		text = systems(err)
	}
	return text
}

// onServer tells whether an error concerns a server.
func onServer(err error) bool {
	var e *kernel.Error
	return errors.As(err, &e) && e.Server.IsValid()
}

// onDaemon tells whether an error concerns no object of the table.
func onDaemon(err error) bool {
	var e *kernel.Error
	return errors.As(err, &e) && e.Service == (kernel.ServiceID{})
}

// systems is the text of the system's own error, as the C library writes it.
func systems(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	text := errno.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
