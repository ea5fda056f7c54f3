package commands

import (
	"fmt"
	"strings"

	"lvs/kernel"
	"lvs/plan"
)

// checkService tells all that is wrong with a service before the kernel is
// asked.
func checkService(s *kernel.Service) error {
	return inOptions("service "+s.ServiceID.String(), plan.CheckService(s))
}

// checkNewServer tells all that is wrong with a server that is to be added.
func checkNewServer(id kernel.ServiceID, s *kernel.Server) error {
	return inOptions("server "+s.Addr.String(), plan.CheckNewServer(id, s))
}

// checkServer tells all that is wrong with a server's configuration.
func checkServer(id kernel.ServiceID, s *kernel.Server) error {
	return inOptions("server "+s.Addr.String(), plan.CheckServer(id, s))
}

// inOptions says what is wrong in the words of the command line.
func inOptions(object string, breaches []plan.Breach) error {
	var bad faults
	words := optionWords()
	for i := range breaches {
		f := usagef("%s: %s", object, breaches[i].Why(words))
		f.hint = breaches[i].Fix(words)
		bad.add(f)
	}
	return bad.err()
}

// optionWords are the options for what the rules name.
func optionWords() map[string]string {
	return map[string]string{
		"persistent":      "--persistent",
		"engine":          "--pe",
		"netmask":         "--netmask",
		"onePacket":       "--ops",
		"schedulers":      strings.Join(schedulerNames(), ", "),
		"nat":             "--nat",
		"tunnel":          "--tunnel",
		"upper N":         "--upper N",
		"lower":           "--lower",
		"tunnel settings": "--tun-type, --tun-port and --tun-flags",
		"tunnel port":     "--tun-port",
		"tunnel type":     "--tun-type",
		"tunnel checksum": fmt.Sprintf("--tun-flags %v or %v", kernel.Checksum, kernel.NoChecksum),
		"remote checksum": kernel.RemoteChecksum.String(),
	}
}
