package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

// brokenPipe fails as a pipe does whose reader has gone.
type brokenPipe struct{ writes int }

func (b *brokenPipe) Write(p []byte) (int, error) {
	b.writes++
	return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}

// lvs list | head: the error of the writer comes back, in every format.
func TestBrokenPipe(t *testing.T) {
	for _, k := range prints() {
		for _, format := range Formats() {
			for _, terminal := range []bool{false, true} {
				t.Run(k.kind+" "+format, func(t *testing.T) {
					var w brokenPipe
					p, err := New(&w, Options{Format: format, Terminal: terminal})
					if err != nil {
						t.Fatal(err)
					}
					if err := k.print(p); !errors.Is(err, syscall.EPIPE) {
						t.Error(err)
					}
				})
			}
		}
	}
}

// A stream writes nothing more after an error.
func TestBrokenPipeOfConnections(t *testing.T) {
	var w brokenPipe
	p, err := New(&w, Options{Format: "jsonl"})
	if err != nil {
		t.Fatal(err)
	}
	s := p.Connections()
	c := sampleConnections()[0]
	n := 0
	for ; err == nil && n < 100_000; n++ {
		err = s.Add(&c)
	}
	if !errors.Is(err, syscall.EPIPE) || w.writes != 1 {
		t.Errorf("after %d connections and %d writes: %v", n, w.writes, err)
	}
	if err := s.Close(); !errors.Is(err, syscall.EPIPE) || w.writes != 1 {
		t.Errorf("Close: %v, %d writes", err, w.writes)
	}
}

// YAML reads back, by a library, as the JSON document.
func TestYAMLIsTheDocument(t *testing.T) {
	for _, k := range prints() {
		t.Run(k.kind, func(t *testing.T) {
			var want, got any
			if err := json.Unmarshal(render(t, Options{Format: "json"}, k.print), &want); err != nil {
				t.Fatal(err)
			}
			text := render(t, Options{Format: "yaml"}, k.print)
			var read any
			if err := yaml.Unmarshal(text, &read); err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			back, err := json.Marshal(read)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(back, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestYAMLStrings(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":"yes"}`:      "a: \"yes\"\n",
		`{"a":"Null"}`:     "a: \"Null\"\n",
		`{"a":"wlc"}`:      "a: wlc\n",
		`{"a":"x:"}`:       "a: \"x:\"\n",
		`{"a":"10.0.0.1"}`: "a: \"10.0.0.1\"\n",
		`{"a":"b c"}`:      "a: \"b c\"\n",
		`{"a":""}`:         "a: \"\"\n",
		`{"a":"q\"]}\\"}`:  "a: \"q\\\"]}\\\\\"\n",
		`{"a":{},"b":[],"c":[1,-2],"d":{"e":null}}`: "a: {}\nb: []\nc:\n- 1\n- -2\nd:\n  e: null\n",
	} {
		t.Run(in, func(t *testing.T) {
			if got := string(toYAML([]byte(in))); got != want {
				t.Errorf("it is %q, not %q", got, want)
			}
		})
	}
}

// Each document is valid JSON with the envelope, indented or not, and decodes
// to the same.
func TestDocuments(t *testing.T) {
	for _, k := range prints() {
		t.Run(k.kind, func(t *testing.T) { testDocument(t, k.kind, k.print) })
	}
}

func testDocument(t *testing.T, kind string, print func(*Printer) error) {
	var compact, indented any
	decode(t, render(t, Options{Format: "json"}, print), &compact)
	decode(t, render(t, Options{Format: "json", Terminal: true}, print), &indented)
	if diff := cmp.Diff(compact, indented); diff != "" {
		t.Errorf("indenting changes the document:\n%s", diff)
	}
	doc := compact.(map[string]any)
	if doc["apiVersion"] != "lvs/v1" || doc["kind"] != kind || doc["netns"] != nil ||
		doc["generatedAt"] != "2026-03-04T05:06:07.00000089Z" {
		t.Errorf("envelope %v", doc)
	}
	items, list := doc["items"].([]any)
	if _, one := doc["item"]; list == one {
		t.Error("it has both items and an item, or none")
	}
	lines := bytes.Split(bytes.TrimSpace(render(t, Options{Format: "jsonl"}, print)), []byte{'\n'})
	if want := max(len(items), 1); len(lines) != want {
		t.Errorf("%d lines of jsonl for %d items", len(lines), want)
	}
	for _, line := range lines {
		var v map[string]any
		decode(t, line, &v)
	}
}

func decode(t *testing.T, b []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
}

func TestWriteError(t *testing.T) {
	var out bytes.Buffer
	WriteError(&out, ErrorRow{What: "read", Why: "permission denied", Hint: new("sudo"), ExitStatus: 6})
	WriteError(&out, ErrorRow{What: "restore", Why: "2 faults", ExitStatus: 2,
		Faults: []FaultRow{{Line: new(3), Column: new(9), Text: new("rrr"), Why: "no such scheduler"}}})
	golden(t, "error.json", out.Bytes())
}

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
		return p.Servers(&kernel.Snapshot{Public: true}, services[2].ServiceID, services[2].Servers, Plain)
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
		t.Errorf("%s: %v is not a %v", path, v, typ)
	}
}
