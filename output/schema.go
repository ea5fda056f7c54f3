package output

import (
	"reflect"
	"slices"
	"strings"
)

// documentKinds returns the kinds of documents in the order of the schema.
func documentKinds() []documentKind {
	return []documentKind{
		{"ServiceList", reflect.TypeFor[ServiceRow](), false, "The virtual services with their real servers."},
		{"ServerList", reflect.TypeFor[ServerRow](), false, "The real servers of one service."},
		{"ConnectionList", reflect.TypeFor[ConnectionRow](), false, "The connection table."},
		{"ConnectionGroupList", reflect.TypeFor[ConnectionGroupRow](), false, "The connections, counted in groups."},
		{"Timeouts", reflect.TypeFor[TimeoutsRow](), true, "The timeouts of connections."},
		{"DaemonList", reflect.TypeFor[DaemonRow](), false, "The running sync daemons."},
		{"Totals", reflect.TypeFor[TotalsRow](), true, "Counters and rates of all services together."},
		{changeList, reflect.TypeFor[ChangeRow](), false, "What a command did, or would do."},
		{"HistoryList", reflect.TypeFor[HistoryRow](), false, "The journal: who changed what."},
		{"EventList", reflect.TypeFor[EventRow](), false, "The events of a watch, in their order."},
		{"DrainList", reflect.TypeFor[DrainRow](), false, "The progress of servers towards no connections."},
		{"DirectorStatus", reflect.TypeFor[DirectorRow](), true, "The state of a running director."},
		{"DirectedServerList", reflect.TypeFor[DirectedServerRow](), false, "Servers, as a director keeps them."},
		{"DirectorEventList", reflect.TypeFor[DirectorEventRow](), false, "What a director did or noticed."},
		{"Version", reflect.TypeFor[VersionRow](), true, "The program and the kernel."},
	}
}

// documentKind is a kind of document: its items are rows, or its only item is one.
type documentKind struct {
	name   string
	row    reflect.Type
	single bool
	doc    string
}

// enum returns a closed set of words by the name that a row struct's enum tag has.
func enum(name string) []string {
	objects := []string{"add-service", "edit-service", "delete-service", "add-server", "edit-server", "delete-server"}
	table := []string{"set-timeouts", "start-sync-master", "start-sync-backup", "stop-sync-master", "stop-sync-backup"}
	switch name {
	case "change":
		return slices.Concat(objects, []string{"zero"}, table)
	case "event":
		return slices.Concat(objects, table, []string{opRates})
	case "status":
		return []string{"done", "planned", "refused"}
	case "source":
		return []string{"command", "job", "director"}
	case "outcome":
		return []string{"done", "interrupted", "partly", "refused", "undone", "unknown"}
	case "drain":
		return []string{string(Serving), string(Draining), string(Drained), string(Deleted), string(Gone), string(TimedOut)}
	}
	return directorEnum(name)
}

// directorEnum returns a closed set of words of a director.
func directorEnum(name string) []string {
	switch name {
	case "admin":
		return []string{"ready", "drain", "maintenance"}
	case "health":
		return []string{"unknown", "up", "down"}
	case "addressState":
		return []string{"unknown", "up", "degraded", "down"}
	case "serviceState":
		return []string{"unknown", "up", "down"}
	case "drift":
		return []string{"missing", "unexpected", "weight", "setting"}
	case "checkOutcome":
		return []string{"pass", "fail", "busy", "local"}
	case "why":
		words := make([]string, len(whyWords))
		for i := range whyWords {
			words[i] = whyWords[i].word
		}
		return words
	case "directorEvent":
		return []string{"started", "stopped", "reloaded", "refused", "verdict", "weight", "admin", "service", "fallback",
			"drift", "frozen", "thawed", "alarm", "role", "sysctl"}
	}
	return nil
}

// schemaWriter writes a schema with its keys in order.
type schemaWriter struct {
	b []byte
	// defs are the row types to define, in the order of their first use.
	defs []reflect.Type
}

// Schema returns the JSON Schema (2020-12) of every kind, made from the row
// structs. Readers must accept unknown keys: a version may get new ones.
func Schema() []byte {
	var w schemaWriter
	w.b = append(w.b, `{"$schema":"https://json-schema.org/draft/2020-12/schema","title":`...)
	w.text(apiVersion)
	w.b = append(w.b, `,"description":"What -o json prints; each line of -o jsonl is one item."`...)
	w.b = append(w.b, `,"oneOf":[`...)
	for _, k := range documentKinds() {
		w.ref(k.name)
		w.b = append(w.b, ',')
	}
	w.ref("Error")
	w.b = append(w.b, `],"$defs":{`...)
	for _, k := range documentKinds() {
		w.envelope(k)
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, `"Error":`...)
	w.object(reflect.TypeFor[errorDocument](), "A failure, on standard error.")
	for i := 0; i < len(w.defs); i++ { // grows while it is walked
		w.b = append(w.b, ',')
		w.text(w.defs[i].Name())
		w.b = append(w.b, ':')
		w.object(w.defs[i], "")
	}
	w.b = append(w.b, "}}"...)
	return append(indent(w.b), '\n')
}

func (w *schemaWriter) text(s string) { w.b = appendString(w.b, s) }

func (w *schemaWriter) ref(name string) {
	w.b = append(w.b, `{"$ref":`...)
	w.text("#/$defs/" + name)
	w.b = append(w.b, '}')
}

func (w *schemaWriter) envelope(k documentKind) {
	w.text(k.name)
	w.b = append(w.b, `:{"type":"object","description":`...)
	w.text(k.doc)
	w.b = append(w.b, `,"properties":{"apiVersion":{"const":`...)
	w.text(apiVersion)
	w.b = append(w.b, `},"kind":{"const":`...)
	w.text(k.name)
	w.b = append(w.b, `},"generatedAt":{"type":"string","format":"date-time",`...)
	w.b = append(w.b, `"description":"When it was made, in UTC."}`...)
	w.b = append(w.b, `,"netns":{"type":["string","null"],`...)
	w.b = append(w.b, `"description":"The network namespace. Null is the caller's own."},`...)
	required := `},"required":["apiVersion","kind","generatedAt","netns",`
	if k.name == changeList {
		w.b = append(w.b, `"orders":{"description":"Services whose servers stay in another order than wanted, although `...)
		w.b = append(w.b, `their scheduler goes by it.","type":"array","items":`...)
		w.value(reflect.TypeFor[OrderRow]())
		w.b = append(w.b, `},`...)
		required += `"orders",`
	}
	field := "items"
	if k.single {
		field = "item"
		w.b = append(w.b, `"item":`...)
		w.value(k.row)
	} else {
		w.b = append(w.b, `"items":{"type":"array","items":`...)
		w.value(k.row)
		w.b = append(w.b, '}')
	}
	w.b = append(w.b, required...)
	w.text(field)
	w.b = append(w.b, "]}"...)
}

func (w *schemaWriter) object(t reflect.Type, doc string) {
	w.b = append(w.b, `{"type":"object"`...)
	if doc != "" {
		w.b = append(w.b, `,"description":`...)
		w.text(doc)
	}
	w.b = append(w.b, `,"properties":{`...)
	for i := range t.NumField() {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		f := t.Field(i)
		w.text(f.Tag.Get("json"))
		w.b = append(w.b, `:{`...)
		w.b = append(w.b, `"description":`...)
		w.text(f.Tag.Get("doc"))
		w.b = append(w.b, ',')
		w.members(f.Type)
		if words := enum(f.Tag.Get("enum")); words != nil {
			w.b = append(w.b, `,"enum":`...)
			w.b, _ = appendValue(w.b, words) // strings always encode
		}
		if f.Tag.Get("deprecated") != "" {
			w.b = append(w.b, `,"deprecated":true`...)
		}
		w.b = append(w.b, '}')
	}
	w.b = append(w.b, `},"required":[`...)
	for i := range t.NumField() {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.text(t.Field(i).Tag.Get("json"))
	}
	w.b = append(w.b, "]}"...)
}

func (w *schemaWriter) value(t reflect.Type) {
	w.b = append(w.b, '{')
	w.members(t)
	w.b = append(w.b, '}')
}

// members writes the schema of a type, without the braces around it.
func (w *schemaWriter) members(t reflect.Type) {
	null := t.Kind() == reflect.Pointer
	if null {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		w.define(t)
		if null {
			w.b = append(w.b, `"oneOf":[`...)
			w.ref(t.Name())
			w.b = append(w.b, `,{"type":"null"}]`...)
			return
		}
		w.b = append(w.b, `"$ref":`...)
		w.text("#/$defs/" + t.Name())
		return
	}
	w.b = append(w.b, `"type":`...)
	if null {
		w.b = append(w.b, '[')
	}
	w.text(schemaType(t))
	if null {
		w.b = append(w.b, `,"null"]`...)
	}
	switch t.Kind() {
	case reflect.Slice:
		w.b = append(w.b, `,"items":`...)
		w.value(t.Elem())
	case reflect.Map:
		w.b = append(w.b, `,"additionalProperties":`...)
		w.value(t.Elem())
	}
}

func (w *schemaWriter) define(t reflect.Type) {
	for _, known := range w.defs {
		if known == t {
			return
		}
	}
	w.defs = append(w.defs, t)
}

// schemaType returns the JSON type of a Go type that is not a pointer.
func schemaType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return "array"
	case reflect.Map, reflect.Struct:
		return "object"
	}
	if strings.HasPrefix(t.Kind().String(), "float") {
		return "number"
	}
	return "integer"
}
