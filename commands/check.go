package commands

import (
	"fmt"
	"strings"

	"lvs/kernel"
	"lvs/plan"
)

// checkService returns all mistakes in the settings of a service.
func checkService(s *kernel.Service) error {
	return inOptions("service "+s.ServiceID.String(), plan.CheckService(s))
}

// checkNewServer returns all mistakes in the settings of a server to add.
func checkNewServer(id kernel.ServiceID, s *kernel.Server) error {
	return inOptions("server "+s.Addr.String(), plan.CheckNewServer(id, s))
}

// checkServer returns all mistakes in the settings of a server.
func checkServer(id kernel.ServiceID, s *kernel.Server) error {
	return inOptions("server "+s.Addr.String(), plan.CheckServer(id, s))
}

// inOptions returns the mistakes in the words of the command line.
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

// optionWords returns the options for the settings that the rules name.
func optionWords() map[string]string {
	return map[string]string{
		"persistent":       "--persistent",
		"persistence time": "--persistent",
		"engine":           "--pe",
		"netmask":          "--netmask",
		"onePacket":        "--ops",
		"schedulers":       strings.Join(schedulerNames(), ", "),
		"nat":              "--nat",
		"tunnel":           "--tunnel",
		"upper N":          "--upper N",
		"lower":            "--lower",
		"tunnel settings":  "--tun-type, --tun-port and --tun-flags",
		"tunnel port":      "--tun-port",
		"tunnel type":      "--tun-type",
		"tunnel checksum":  fmt.Sprintf("--tun-flags %v or %v", kernel.Checksum, kernel.NoChecksum),
		"remote checksum":  kernel.RemoteChecksum.String(),
	}
}
