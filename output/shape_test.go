package output

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"lvs/kernel"
)

// Every document has the shape that the contract and the schema promise: every
// key present, each value of its type, nothing else.
func TestDocumentsHaveTheirShape(t *testing.T) {
	types := map[string]documentKind{}
	for _, k := range documentKinds() {
		types[k.name] = k
	}
	for _, k := range prints() {
		checkDocument(t, types[k.kind], render(t, Options{Format: "json"}, k.print))
	}
	public := func(p *Printer) error { return p.Services(publicSample(), Plain) }
	checkDocument(t, types["ServiceList"], render(t, Options{Format: "json"}, public))
	services := publicSample().Services
	checkDocument(t, types["ServerList"], render(t, Options{Format: "json"}, func(p *Printer) error {
		return p.Servers(services[2].ServiceID, services[2].Servers, true, Plain)
	}))
	checkDocument(t, types["DaemonList"], render(t, Options{Format: "json"}, func(p *Printer) error {
		return p.Daemons([]kernel.Daemon{})
	}))
}

func checkDocument(t *testing.T, k documentKind, text []byte) {
	t.Helper()
	var doc map[string]any
	decode(t, text, &doc)
	if k.single {
		checkShape(t, k.name, k.row, doc["item"])
		return
	}
	for i, item := range doc["items"].([]any) {
		checkShape(t, k.name+"["+strconv.Itoa(i)+"]", k.row, item)
	}
}

func checkShape(t *testing.T, path string, typ reflect.Type, v any) {
	t.Helper()
	if typ.Kind() == reflect.Pointer {
		if v == nil {
			return
		}
		typ = typ.Elem()
	}
	ok := false
	switch v := v.(type) {
	case string:
		ok = typ.Kind() == reflect.String
	case bool:
		ok = typ.Kind() == reflect.Bool
	case json.Number:
		ok = schemaType(typ) == "integer" && !strings.ContainsAny(v.String(), ".eE") || schemaType(typ) == "number"
	case []any:
		if ok = typ.Kind() == reflect.Slice; ok {
			for _, e := range v {
				checkShape(t, path+"[]", typ.Elem(), e)
			}
		}
	case map[string]any:
		switch typ.Kind() {
		case reflect.Map:
			ok = true
			for key, e := range v {
				checkShape(t, path+"."+key, typ.Elem(), e)
			}
		case reflect.Struct:
			ok = len(v) == typ.NumField()
			for i := range typ.NumField() {
				key := typ.Field(i).Tag.Get("json")
				e, present := v[key]
				if !present {
					t.Errorf("%s.%s is missing", path, key)
					continue
				}
				checkShape(t, path+"."+key, typ.Field(i).Type, e)
			}
		}
	}
	if !ok {
		t.Errorf("%s: %v is no %v", path, v, typ)
	}
}

// The schema is JSON, and every reference in it leads somewhere.
func TestSchemaReferences(t *testing.T) {
	var schema map[string]any
	decode(t, Schema(), &schema)
	defs := schema["$defs"].(map[string]any)
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok && defs[ref[len("#/$defs/"):]] == nil {
				t.Errorf("%s leads nowhere", ref)
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(schema)
	for _, k := range prints() {
		if defs[k.kind] == nil {
			t.Errorf("%s is not in the schema", k.kind)
		}
	}
}
