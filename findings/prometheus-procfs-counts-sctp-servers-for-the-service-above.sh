#!/bin/bash
# Software:  github.com/prometheus/procfs v0.23.0, the library by which node_exporter reads IPVS.
# Behaviour: IPVSBackendStatus knows services of TCP and UDP and firewall marks. It skips the line of an SCTP service,
#            but not the lines of its servers: they are returned as servers of the service above, with its protocol,
#            address and port. Without a service above they have no protocol and no address.
# Source:    The kernel writes SCTP in that column (ip_vs_info_seq_show in net/netfilter/ipvs/ip_vs_ctl.c).
# Matters:   A dashboard adds the servers and connections of an SCTP service to a TCP service. Its numbers do not
#            agree with lvs list, which is right.
# Seen:      TCP 192.0.2.10:80 -> 10.0.0.11:80 active 3
#            TCP 192.0.2.10:80 -> 10.0.0.21:5060 active 7
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf --one-file-system "$dir"' EXIT
cd "$dir"

# The table of a director with a TCP and an SCTP service, one server each.
mkdir -p proc/net
cat >proc/net/ip_vs <<'TABLE'
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C000020A:0050 rr
  -> 0A00000B:0050      Masq    1      3          0
SCTP C000020A:13C4 rr
  -> 0A000015:13C4      Masq    1      7          0
TABLE

cat >go.mod <<'MODULE'
module finding

go 1.25.0

require github.com/prometheus/procfs v0.23.0
MODULE
cat >main.go <<'PROGRAM'
package main

import (
	"fmt"
	"os"

	"github.com/prometheus/procfs"
)

func main() {
	proc, err := procfs.NewFS("proc")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	servers, err := proc.IPVSBackendStatus()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for _, s := range servers {
		fmt.Printf("%s %s:%d -> %s:%d active %d\n",
			s.Proto, s.LocalAddress, s.LocalPort, s.RemoteAddress, s.RemotePort, s.ActiveConn)
	}
}
PROGRAM
export GOFLAGS=-mod=mod
if ! go get github.com/prometheus/procfs@v0.23.0 >log 2>&1 || ! go build -o read . >>log 2>&1; then
	echo "github.com/prometheus/procfs v0.23.0 is not available: $(tail -n 1 log)"
	exit 2
fi

seen=$(./read)
echo "$seen"
expected="TCP 192.0.2.10:80 -> 10.0.0.11:80 active 3
TCP 192.0.2.10:80 -> 10.0.0.21:5060 active 7"
if [ "$seen" != "$expected" ]; then
	echo "the behaviour has changed"
	exit 1
fi
echo "the server of the SCTP service is returned as a server of the TCP service"
