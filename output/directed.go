package output

import (
	"encoding/json"

	"lvs/kernel"
)

// DirectedStateRow is what a director says about a server of the table.
type DirectedStateRow struct {
	Health string  `json:"health" doc:"What its checks found." enum:"health"`
	Since  *string `json:"since" doc:"When that changed last, in UTC. Null if it never did."`
	Admin  string  `json:"admin" doc:"What an admin decided." enum:"admin"`
	Why    string  `json:"why" doc:"Why it has its weight." enum:"why"`
	Text   string  `json:"text" doc:"The reason in words, with the last result of its checks."`
}

// Directed returns what a director says about its servers, for tables of services.
func Directed(d *DirectorRow) map[kernel.ServerKey]DirectedStateRow {
	_, servers := d.Index()
	out := make(map[kernel.ServerKey]DirectedStateRow, len(servers))
	for key, r := range servers {
		text := r.WhyText()
		if result := r.ResultText(); result != "" && r.Health != "up" {
			text += ": " + result
		}
		out[key] = DirectedStateRow{Health: r.Health, Since: r.Since, Admin: r.Admin, Why: r.Why, Text: text}
	}
	return out
}

// directed returns what the director says about the row's server, or nil.
func (l *line) directed() *DirectedStateRow {
	if l.server == nil {
		return nil
	}
	return l.node.directedState(l.server)
}

func (n *node) directedState(v *kernel.ServerEntry) *DirectedStateRow {
	if len(n.directed) == 0 {
		return nil
	}
	if d, ok := n.directed[kernel.ServerKey{Service: n.entry.ServiceID, Server: v.Addr}]; ok {
		return &d
	}
	return nil
}

// directedColumns are the columns of what the director says.
func directedColumns() []column[line] {
	text := func(key, help string, of func(*DirectedStateRow) string) column[line] {
		return column[line]{key: key, help: help, hide: inServiceRow, text: func(b []byte, l *line) []byte {
			if d := l.directed(); d != nil {
				return append(b, of(d)...)
			}
			return b
		}}
	}
	return []column[line]{
		text("health", "what the checks of a director found", func(d *DirectedStateRow) string { return d.Health }),
		text("why", "why a director gives it this weight", func(d *DirectedStateRow) string { return d.Text }),
	}
}

// appendDirected appends the key of a server.
func appendDirected(b []byte, d *DirectedStateRow) []byte {
	if d == nil {
		return append(b, `,"director":null`...)
	}
	text, err := json.Marshal(d)
	if err != nil { // it has only texts
		text = []byte("null")
	}
	return append(append(b, `,"director":`...), escapeInvisible(text, 0)...)
}
