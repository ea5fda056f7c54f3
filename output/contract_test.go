package output

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

const contractFile = "testdata/contract.txt"

// The JSON contract: every key with its type. A key may be added (-update); one
// that disappears or changes its type fails, -update or not.
func TestContract(t *testing.T) {
	got := map[string]string{}
	for _, k := range documentKinds() {
		prefix := k.name + ".items[]"
		if k.single {
			prefix = k.name + ".item"
		}
		keyPaths(got, prefix, k.row)
	}
	keyPaths(got, "Error", reflect.TypeFor[errorDocument]())

	file, err := os.ReadFile(contractFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		path, typ, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch now, ok := got[path]; {
		case !ok:
			t.Errorf("%s has disappeared", path)
		case now != typ:
			t.Errorf("%s was %s and is %s", path, typ, now)
		}
	}
	var lines []string
	for path, typ := range got {
		lines = append(lines, path+" "+typ+"\n")
	}
	sort.Strings(lines)
	if t.Failed() {
		return
	}
	if *update {
		if err := os.WriteFile(contractFile, []byte(strings.Join(lines, "")), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(file), strings.Join(lines, "")); diff != "" {
		t.Errorf("new keys; run with -update to accept them:\n%s", diff)
	}
}

func keyPaths(out map[string]string, path string, t reflect.Type) {
	null := ""
	if t.Kind() == reflect.Pointer {
		t, null = t.Elem(), "|null"
	}
	out[path] = schemaType(t) + null
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			keyPaths(out, path+"."+t.Field(i).Tag.Get("json"), t.Field(i).Type)
		}
	case reflect.Slice:
		keyPaths(out, path+"[]", t.Elem())
	case reflect.Map:
		keyPaths(out, path+"{}", t.Elem())
	}
}

// Every key is described, in camelCase, and always present.
func TestRowsAreDescribed(t *testing.T) {
	types := []reflect.Type{reflect.TypeFor[errorDocument]()}
	for _, k := range documentKinds() {
		types = append(types, k.row)
	}
	seen := map[reflect.Type]bool{}
	for len(types) > 0 {
		typ := types[0]
		types = types[1:]
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			continue
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			key := f.Tag.Get("json")
			if key == "" || strings.ContainsAny(key, ",_-") || key[0] < 'a' || key[0] > 'z' {
				t.Errorf("%s.%s: key %q is not a plain camelCase one", typ.Name(), f.Name, key)
			}
			doc := f.Tag.Get("doc")
			if doc == "" || !strings.HasSuffix(doc, ".") && !strings.HasSuffix(doc, "…") {
				t.Errorf("%s.%s has no description that ends in a full stop: %q", typ.Name(), f.Name, doc)
			}
			null := f.Type.Kind() == reflect.Pointer || f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.Pointer
			if null != strings.Contains(doc, "Null") {
				t.Errorf("%s.%s: the description must say when it is null, and only then: %q", typ.Name(), f.Name, doc)
			}
			types = append(types, f.Type)
		}
	}
}

// The hand-written encoders write what encoding/json writes for the row structs.
func TestAppendedBytesAreTheRows(t *testing.T) {
	for _, s := range []*kernel.Snapshot{sample(), publicSample(), bigSnapshot(2, 2)} {
		for i := range s.Services {
			n := newNode(&s.Services[i])
			whole := func(b []byte) []byte { return b }
			same(t, appendService(nil, &n, s.Public, whole), serviceRow(&n, s.Public))
		}
	}
	for _, c := range sampleConnections() {
		same(t, appendConnection(nil, &c), connectionRow(&c))
	}
}

func same(t *testing.T, got []byte, row any) {
	t.Helper()
	want, err := appendValue(nil, row)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("encoding/json (-) and the hand-written encoder (+) differ:\n%s", diff)
	}
}

func serviceRow(n *node, public bool) ServiceRow {
	s := n.entry
	row := ServiceRow{
		ID: s.ServiceID.String(), Family: s.Family.String(), Scheduler: s.Scheduler,
		Persistent: secondsOrNull(s.Persistence), Netmask: textOrNull(s.Netmask.Text(s.Family)),
		Engine: textOrNull(s.Engine), OnePacket: s.OnePacket,
		Active: n.active, Inactive: n.inactive, Servers: []ServerRow{},
	}
	if s.FWMark != 0 {
		row.FWMark = &s.FWMark
	} else {
		row.Protocol, row.Address, row.Port = new(s.Protocol.String()), new(s.Addr.String()), &s.Port
	}
	if !public {
		row.Flags = new(s.SchedFlags.Names(s.Scheduler))
		row.PersistentConnections = &n.persistent
		row.Stats, row.Rates = statsRow(&s.Stats), ratesRow(&s.Stats)
	}
	for i := range n.servers {
		row.Servers = append(row.Servers, serverRow(s.ServiceID, n.servers[i], public))
	}
	return row
}

func serverRow(id kernel.ServiceID, s *kernel.ServerEntry, public bool) ServerRow {
	row := ServerRow{
		Service: id.String(), ID: s.Addr.String(), Family: kernel.FamilyOf(s.Addr.Addr()).String(),
		Address: s.Addr.Addr().String(), Port: s.Addr.Port(), Forward: s.Forward.String(), Weight: s.Weight,
		Active: uint64(s.Active), Inactive: uint64(s.Inactive),
	}
	if !public {
		row.Upper, row.Lower, row.Tunnel = &s.Upper, &s.Lower, tunnelRow(&s.Server)
		row.PersistentConnections = new(uint64(s.Persistent))
		row.Stats, row.Rates = statsRow(&s.Stats), ratesRow(&s.Stats)
	}
	return row
}

func connectionRow(c *kernel.Connection) ConnectionRow {
	row := ConnectionRow{
		Family: kernel.FamilyOf(c.Client.Addr()).String(),
		Client: c.Client.String(), ClientAddress: c.Client.Addr().String(), ClientPort: c.Client.Port(),
		Virtual: c.Virtual.String(), VirtualAddress: c.Virtual.Addr().String(), VirtualPort: c.Virtual.Port(),
		Server: c.Server.String(), ServerAddress: c.Server.Addr().String(), ServerPort: c.Server.Port(),
		State: c.State, Expires: wholeSeconds(c.Expires), Template: c.Template(),
		Engine: textOrNull(c.Engine), EngineData: textOrNull(c.EngineData), Origin: textOrNull(c.Origin),
	}
	if c.Protocol != 0 {
		row.Protocol = new(c.Protocol.String())
	}
	return row
}

// Each document is valid JSON with the envelope, indented or not, and decodes
// to the same.
func TestDocuments(t *testing.T) {
	for _, k := range prints() {
		var compact, indented any
		decode(t, render(t, Options{Format: "json"}, k.print), &compact)
		decode(t, render(t, Options{Format: "json", Terminal: true}, k.print), &indented)
		if diff := cmp.Diff(compact, indented); diff != "" {
			t.Errorf("%s: indenting changes the document:\n%s", k.kind, diff)
		}
		doc := compact.(map[string]any)
		if doc["apiVersion"] != "lvs/v1" || doc["kind"] != k.kind || doc["netns"] != nil || doc["generatedAt"] != "2026-03-04T05:06:07.00000089Z" {
			t.Errorf("%s: envelope %v", k.kind, doc)
		}
		items, list := doc["items"].([]any)
		if _, one := doc["item"]; list == one {
			t.Errorf("%s has both items and an item, or none", k.kind)
		}
		lines := bytes.Split(bytes.TrimSpace(render(t, Options{Format: "jsonl"}, k.print)), []byte{'\n'})
		if want := max(len(items), 1); len(lines) != want {
			t.Errorf("%s: %d lines of jsonl for %d items", k.kind, len(lines), want)
		}
		for _, line := range lines {
			var v map[string]any
			decode(t, line, &v)
		}
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
	WriteError(&out, ErrorRow{What: "restore", Why: "2 faults", ExitStatus: 2, Faults: []FaultRow{{Line: new(3), Column: new(9), Text: new("rrr"), Why: "no such scheduler"}}})
	golden(t, "error.json", out.Bytes())
}

// What a change may be called is in the schema, and nothing else is printed.
func TestChangesAreOfTheirWords(t *testing.T) {
	f, _ := reflect.TypeFor[ChangeRow]().FieldByName("Op")
	words := strings.Split(f.Tag.Get("enum"), ",")
	for op := kernel.AddService; op <= kernel.DeleteServer; op++ {
		if c := (Change{Op: op.String()}); !slices.Contains(words, c.op()) {
			t.Errorf("%q is not in the schema", c.op())
		}
	}
	for _, c := range sampleChanges() {
		if !slices.Contains(words, c.op()) {
			t.Errorf("%q is not in the schema", c.op())
		}
	}
}
