package output

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

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
			null := f.Type.Kind() == reflect.Pointer ||
				f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.Pointer
			if null != strings.Contains(doc, "Null") {
				t.Errorf("%s.%s: the description must say when it is null, and only then: %q", typ.Name(), f.Name, doc)
			}
			types = append(types, f.Type)
		}
	}
}

// The hand-written encoders write what encoding/json writes for the row structs.
func TestAppendedBytesAreTheRows(t *testing.T) {
	for _, s := range []*kernel.Snapshot{sample(), publicSample(), stoppedSample(), bigSnapshot(2, 2)} {
		for i := range s.Services {
			n := newNode(&s.Services[i])
			whole := func(b []byte) []byte { return b }
			t.Run(n.entry.ServiceID.String(), func(t *testing.T) {
				same(t, appendService(nil, &n, gapsOf(s), whole), serviceRow(&n, gapsOf(s)))
			})
		}
	}
	for _, c := range sampleConnections() {
		t.Run(c.Client.String(), func(t *testing.T) {
			same(t, new(connectionJSON).append(nil, &c), connectionRow(&c))
		})
	}
	t.Run("connections after others", func(t *testing.T) { testConnectionsAfterOthers(t) })
}

// testConnectionsAfterOthers: the text that is kept of a connection is used only for the same
// values, even if another server has the same place.
func testConnectionsAfterOthers(t *testing.T) {
	all := sampleConnections()
	for _, c := range sampleConnections() {
		c.Server = addr("172.16.0.27:80") // the last bits are those of 10.0.0.11
		all = append(all, c)
		c.Virtual, c.Protocol, c.Orphan = addr("[2001:db8::11]:1000"), kernel.TCP, kernel.Orphaned
		all = append(all, c)
		c.Client, c.Expires = addr("[2001:db8::9]:65535"), 100_000*time.Second
		all = append(all, c)
	}
	var j connectionJSON
	for i := range 2 * len(all) {
		c := &all[i*7%len(all)]
		same(t, j.append(nil, c), connectionRow(c))
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

func serviceRow(n *node, missing gaps) ServiceRow {
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
	if !missing.public {
		row.Flags = new(s.SchedFlags.Names(s.Scheduler))
		row.Clients, row.PersistentConnections = &n.clients, &n.clients
	}
	if missing == (gaps{}) {
		row.Stats, row.Rates = statsRow(&s.Stats), ratesRow(&s.Stats)
	}
	for i := range n.servers {
		row.Servers = append(row.Servers, serverRow(s.ServiceID, n.servers[i], missing))
	}
	return row
}

func serverRow(id kernel.ServiceID, s *kernel.ServerEntry, missing gaps) ServerRow {
	row := ServerRow{
		Service: id.String(), ID: s.Addr.String(), Family: kernel.FamilyOf(s.Addr.Addr()).String(),
		Address: s.Addr.Addr().String(), Port: s.Addr.Port(), Forward: s.Forward.String(), Weight: s.Weight,
		Active: uint64(s.Active), Inactive: uint64(s.Inactive),
	}
	if !missing.public {
		row.Upper, row.Lower, row.Tunnel = &s.Upper, &s.Lower, tunnelRow(&s.Server)
		row.Clients = new(uint64(s.Persistent))
		row.PersistentConnections = row.Clients
	}
	if missing == (gaps{}) {
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
	if c.Orphan != kernel.OrphanUnknown {
		row.Orphaned = new(c.Orphan == kernel.Orphaned)
	}
	return row
}

// Every op of a change is in the schema.
func TestChangesAreOfTheirWords(t *testing.T) {
	f, _ := reflect.TypeFor[ChangeRow]().FieldByName("Op")
	words := enum(f.Tag.Get("enum"))
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

// The schema is JSON, and every reference in it resolves.
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
				t.Errorf("%s does not resolve", ref)
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

// A key that has a better name says so in the schema, and names it.
func TestDeprecatedKeys(t *testing.T) {
	var schema struct {
		Defs map[string]struct {
			Properties map[string]struct {
				Deprecated  bool
				Description string
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ row, key, better string }{
		{"ServiceRow", "persistentConnections", "clients"},
		{"ServerRow", "persistentConnections", "clients"},
		{"DrainRow", "persistentConnections", "clients"},
		{"CutsRow", "persistent", "clients"},
	} {
		t.Run(test.row, func(t *testing.T) {
			properties := schema.Defs[test.row].Properties
			old, better := properties[test.key], properties[test.better]
			if !old.Deprecated || !strings.HasPrefix(old.Description, "Use "+test.better+".") {
				t.Errorf("%s is not marked: %+v", test.key, old)
			}
			if better.Description == "" || better.Deprecated {
				t.Errorf("%s cannot be used: %+v", test.better, better)
			}
		})
	}
}
