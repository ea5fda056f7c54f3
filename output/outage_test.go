package output

import (
	"time"

	"lvs/kernel"
)

// outages are a drained server, one with a weight nevertheless, and a temporary weight.
func outages() map[kernel.ServerKey]Outage {
	web, voice := address(kernel.TCP, "192.0.2.10:80"), address(kernel.UDP, "192.0.2.12:5060")
	return map[kernel.ServerKey]Outage{
		{Service: web, Server: addr("10.0.0.12:80")}: {Before: 10, Since: at(), Until: at().Add(time.Hour), User: "root",
			SudoUser: "alice", Reason: "new <disk>"},
		{Service: web, Server: addr("10.0.0.11:80")}: {Before: 5, Since: at()},
		{Service: voice, Server: addr("10.0.2.1:5060")}: {Before: 5, Set: 7, Since: at(), Until: at().Add(time.Hour),
			User: "root"},
	}
}
