package output

import (
	"net/netip"
	"time"

	"lvs/kernel"
)

// connectionJSON writes connections as JSON. It keeps the text of what later connections
// often have again.
type connectionJSON struct {
	begin lastText[connectionBegin]
	state lastText[string]
	// The last bits of the server's address choose the place.
	path [16]lastText[connectionPath]
}

type connectionBegin struct {
	protocol kernel.Protocol
	family   kernel.Family
}

type connectionPath struct{ virtual, server netip.AddrPort }

// append appends a connection as encoding/json writes its row.
func (j *connectionJSON) append(b []byte, c *kernel.Connection) []byte {
	b = j.begin.append(b, connectionBegin{c.Protocol, kernel.FamilyOf(c.Client.Addr())}, appendBegin)
	b = appendEndpoint(b, c.Client, `,"client":"`, `","clientAddress":"`, `","clientPort":`)
	host := c.Server.Addr().As16()
	b = j.path[host[15]&15].append(b, connectionPath{c.Virtual, c.Server}, appendPath)
	b = j.state.append(b, c.Shown(), appendState)
	b = appendUint(b, uint64(c.Expires/time.Second))
	if c.Template() {
		b = append(b, `,"template":true,"engine":`...)
	} else {
		b = append(b, `,"template":false,"engine":`...)
	}
	if c.Engine == "" && c.EngineData == "" && c.Origin == "" {
		return append(append(b, `null,"engineData":null,"origin":null`...), orphanedJSON(c)...)
	}
	b = appendStringOrNull(b, c.Engine)
	b = append(b, `,"engineData":`...)
	b = appendStringOrNull(b, c.EngineData)
	b = append(b, `,"origin":`...)
	b = appendStringOrNull(b, c.Origin)
	return append(b, orphanedJSON(c)...)
}

// lastText is the text of the last value.
type lastText[T comparable] struct {
	of   T
	text []byte // nil before the first value
}

// append appends what text appends for a value.
func (l *lastText[T]) append(b []byte, of T, text func([]byte, T) []byte) []byte {
	if l.text == nil || l.of != of {
		l.of, l.text = of, text(l.text[:0], of)
	}
	return append(b, l.text...)
}

// appendBegin appends the beginning of a row.
func appendBegin(b []byte, k connectionBegin) []byte {
	b = append(b, `{"protocol":`...)
	if k.protocol == 0 {
		b = append(b, "null"...)
	} else {
		b = append(append(append(b, '"'), k.protocol.String()...), '"')
	}
	return append(append(append(b, `,"family":"`...), k.family.String()...), '"')
}

// appendPath appends the virtual address and the server.
func appendPath(b []byte, p connectionPath) []byte {
	b = appendEndpoint(b, p.virtual, `,"virtual":"`, `","virtualAddress":"`, `","virtualPort":`)
	return appendEndpoint(b, p.server, `,"server":"`, `","serverAddress":"`, `","serverPort":`)
}

func appendState(b []byte, state string) []byte {
	return append(appendString(append(b, `,"state":`...), state), `,"expires":`...)
}

// orphanedJSON returns the end of a row.
func orphanedJSON(c *kernel.Connection) string {
	switch c.Orphan {
	case kernel.Orphaned:
		return `,"orphaned":true}`
	case kernel.NotOrphaned:
		return `,"orphaned":false}`
	}
	return `,"orphaned":null}`
}

// appendEndpoint appends an address with its port, and its parts, each after the text
// before it. It formats the address once.
func appendEndpoint(b []byte, a netip.AddrPort, before, beforeAddr, beforePort string) []byte {
	b = append(b, before...)
	start := len(b)
	b = appendAddrPort(b, a)
	text := b[start:]
	n := len(text) - 1
	for n > 0 && text[n] != ':' {
		n--
	}
	addr, port := text[:n], text[n+1:]
	if addr[0] == '[' {
		addr = addr[1 : n-1]
	}
	b = append(append(b, beforeAddr...), addr...)
	return append(append(b, beforePort...), port...)
}

// appendAddrPort is netip.AddrPort.AppendTo, faster for IPv4.
func appendAddrPort(b []byte, a netip.AddrPort) []byte {
	if !a.Addr().Is4() {
		return a.AppendTo(b)
	}
	for i, n := range a.Addr().As4() {
		if i > 0 {
			b = append(b, '.')
		}
		b = appendSmall(b, uint(n))
	}
	return appendSmall(append(b, ':'), uint(a.Port()))
}

// appendSmall appends a number below 100,000.
func appendSmall(b []byte, n uint) []byte {
	switch {
	case n < 10:
		return append(b, '0'+byte(n))
	case n < 100:
		return append(b, '0'+byte(n/10), '0'+byte(n%10))
	case n < 1000:
		return append(b, '0'+byte(n/100), '0'+byte(n/10%10), '0'+byte(n%10))
	}
	b = appendSmall(b, n/1000)
	n %= 1000
	return append(b, '0'+byte(n/100), '0'+byte(n/10%10), '0'+byte(n%10))
}
