package output

import (
	"fmt"
	"strings"

	"lvs/kernel"
	"lvs/traffic"
)

// BlockText returns why a server is not drained, such as "3 active connections".
func BlockText(b traffic.Block) string {
	recent := ", the last packet less than " + Duration(traffic.QuietTime) + " ago"
	const byTimeout = ", which end only by their timeout"
	text := counted(b.Count, "inactive connection")
	switch b.Reason {
	case traffic.ActiveConnections:
		text = counted(b.Count, "active connection")
	case traffic.ActiveOrEnded:
		text = counted(b.Count, "active connection") + " without packets, of which some may have ended (net.ipv4.vs." +
			kernel.SloppyTCP + " is 1)"
	case traffic.BoundClients:
		text = fmt.Sprintf("%s bound by persistence (net.ipv4.vs.%s is 0)", counted(b.Count, "client"),
			kernel.ExpireQuiescentTemplate)
	case traffic.RecentDatagrams:
		text = counted(b.Count, "UDP connection") + recent
	case traffic.RecentPackets:
		text += recent
	case traffic.UncountedDatagrams:
		text = counted(b.Count, "UDP connection") + byTimeout
	case traffic.Uncounted:
		text += byTimeout
	case traffic.Opening:
		text += ", some of which may still be opening or carry packets"
	}
	if b.Setting.Name != "" {
		text += fmt.Sprintf(" (net.ipv4.vs.%s is %s: clients that reuse a port come back)", b.Setting.Name, b.Setting.Value)
	}
	return text
}

// BlocksText returns all reasons why a server is not drained, with commas between them.
func BlocksText(blocks []traffic.Block) string {
	texts := make([]string, len(blocks))
	for i, b := range blocks {
		texts[i] = BlockText(b)
	}
	return strings.Join(texts, ", ")
}
