package cluster

import (
	"math"

	"lvs/kernel"
)

// serversForm is a list of servers: addresses alone, or objects. It fills them
// in where they stay, for there are many.
func (t *tables) serversForm() form[[]FileServer] {
	one := shape{words: "an address, or an object with an address", either: []shape{{kind: "string"}, t.server.shape()}}
	s := shape{words: "a list of servers", kind: "array", items: &one}
	address := serverAddress()
	return form[[]FileServer]{s, func(d *decoder, v *tree) ([]FileServer, bool) {
		if v.kind != isList {
			d.refuse(v, s)
			return nil, false
		}
		out := make([]FileServer, len(v.items))
		key := "each of " + d.key
		for i := range v.items {
			if d.key = key; v.items[i].kind == isObject {
				t.server.read(d, &v.items[i], &out[i])
			} else {
				out[i].Address, _ = address.read(d, &v.items[i])
			}
		}
		return out, true
	}}
}

func serverAddress() form[string] {
	return parsed("an address such as 10.0.0.11 or 10.0.0.11:8080", func(s string) (string, error) {
		_, err := parseServers(s)
		return s, err
	})
}

func (t *tables) serverRecord() record[FileServer] {
	return record[FileServer]{id: "Server", title: "Servers", words: "an address, or an object with an address",
		doc: "A real server.",
		keys: []key[FileServer]{
			at("address", serverAddress(), func(s *FileServer) *string { return &s.Address }, about{
				doc: "Where it is: ADDRESS, with the service's port, or ADDRESS:PORT. 10.0.0.[12-18] stands for servers that are alike, " +
					"and so do 10.0.0.[12-18]:8080, 2001:db8::[a-f] and [2001:db8::[a-f]]:8080; the range is in the last part of the address, of at most 256. " +
					"A server stands once in a service.",
				example: "10.0.0.11:8080", needed: true}),
			at("weight", pointer(number[int](0, kernel.MaxWeight)), func(s *FileServer) **int { return &s.Weight }, about{
				doc: "Its share of new connections. With 0 it gets none and keeps those that it has.", value: "1", example: "3"}),
			at("forward", forwardForm(), func(s *FileServer) *string { return &s.Forward }, about{
				doc: "How packets reach it: by direct routing, by address translation, or by a tunnel. Only nat can change the port.", value: "the service's", example: "nat"}),
			at("upper", number[uint32](0, math.MaxUint32), func(s *FileServer) *uint32 { return &s.Upper }, about{
				doc: "It gets no new connections while it has that many.", value: "0: no limit", example: "2000"}),
			at("lower", number[uint32](0, math.MaxUint32), func(s *FileServer) *uint32 { return &s.Lower }, about{
				doc: "Once it had the upper number it gets new ones again below this one.", value: "0: three quarters of upper", example: "1500"}),
			at("tunnel", tunnelForm(t), func(s *FileServer) *kernel.Tunnel { return &s.Tunnel }, about{
				doc: "How packets are encapsulated, with forward: tunnel.", value: "IP in IP", example: "{type: gue, port: 6080}"}),
			at("check", t.checksForm(), func(s *FileServer) *[]Check { return &s.Check }, about{
				doc: "How it is examined.", value: "the service's", example: "{type: tcp}", director: true}),
			{name: "labels", about: about{doc: "The admin's own words about the server. They change nothing.", example: "{rack: a}"},
				shape: shape{words: "an object of texts", kind: "object", values: &shape{kind: "string"}}, read: readLabels},
		}}
}

func readLabels(d *decoder, v *tree, s *FileServer) {
	s.Labels = make(map[string]string, len(v.items)/2)
	d.each(v, "label", "an object of texts", func(name string, value *tree) {
		if value.kind == isText { // also an empty one
			s.Labels[name] = value.text
			return
		}
		d.text(value, "a text")
	})
}

// tunnel is an encapsulation as the file has it.
type tunnel struct {
	kind                     string
	port                     uint16
	checksum, remoteChecksum bool
}

func tunnelRecord() record[tunnel] {
	return record[tunnel]{id: "Tunnel", title: "Tunnels", words: "an object with type and port",
		doc: "How packets are encapsulated.",
		after: func(d *decoder, v *tree, t *tunnel) {
			if t.checksum && t.remoteChecksum {
				d.fault(v.find("remoteChecksum"), "checksum and remoteChecksum exclude one another", "")
			}
		},
		keys: []key[tunnel]{
			at("type", oneOf(kernel.IPIP.String(), kernel.GUE.String(), kernel.GRE.String()), func(t *tunnel) *string { return &t.kind }, about{
				doc: "The encapsulation: IP in IP, generic UDP, or GRE. Types other than ipip need Linux 5.2 or later.", value: "ipip", example: "gue"}),
			at("port", number[uint16](1, 65535), func(t *tunnel) *uint16 { return &t.port }, about{
				doc: "The UDP port of gue, which needs one.", example: "6080"}),
			at("checksum", truth(), func(t *tunnel) *bool { return &t.checksum }, about{
				doc: "Checksums the outer header; gue and gre.", value: "false", example: "true"}),
			at("remoteChecksum", truth(), func(t *tunnel) *bool { return &t.remoteChecksum }, about{
				doc: "Offloads the checksum to the far end; gue only.", value: "false", example: "true"}),
		}}
}

func tunnelForm(t *tables) form[kernel.Tunnel] {
	return form[kernel.Tunnel]{t.tunnel.shape(), func(d *decoder, v *tree) (out kernel.Tunnel, ok bool) {
		from, ok := t.tunnel.form().read(d, v)
		if !ok {
			return out, false
		}
		out.Port = from.port
		if from.kind != "" {
			out.Type, _ = kernel.ParseTunnelType(from.kind) // one of the known, or refused already
		}
		switch {
		case from.checksum:
			out.Flags = kernel.Checksum
		case from.remoteChecksum:
			out.Flags = kernel.RemoteChecksum
		}
		return out, true
	}}
}
