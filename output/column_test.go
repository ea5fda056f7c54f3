package output

import (
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every kind has columns, each with help and a heading in capitals. A word names
// one column of its kind only, in any case.
func TestColumns(t *testing.T) {
	for _, k := range prints() {
		t.Run(k.kind, func(t *testing.T) {
			columns := Columns(k.kind)
			if len(columns) == 0 {
				t.Fatal("no columns")
			}
			names := map[string]string{}
			for _, c := range columns {
				if c.Help == "" {
					t.Errorf("column %s has no help", c.Key)
				}
				if c.Heading != strings.ToUpper(c.Heading) || strings.ContainsAny(c.Heading, " \t") {
					t.Errorf("column %s: heading %q", c.Key, c.Heading)
				}
				words := append([]string{c.Key, c.Heading}, c.Aliases...)
				for _, word := range words {
					word = strings.ToLower(word)
					if other, taken := names[word]; taken && other != c.Key {
						t.Errorf("%q names both %s and %s", word, other, c.Key)
					}
					names[word] = c.Key
				}
			}
		})
	}
	if ColumnKeys("nosuch") != nil {
		t.Error("an unknown kind has columns")
	}
	for _, c := range lineColumns() {
		if (c.text == nil) == (c.number == nil) {
			t.Errorf("column %q needs either a text or a number", c.key)
		}
	}
}

// The key of a column is a key of the JSON, in the item or below it.
func TestColumnKeysAreJSONKeys(t *testing.T) {
	// Columns for which the JSON has no key of their own.
	others := map[string]string{
		"ServiceList server": "the JSON calls a server's address and port id, below servers",
		"ServerList server":  "the JSON calls a server's address and port id",
		"HistoryList table":  "the JSON answers whether it is thisTable",
	}
	for _, k := range documentKinds() {
		t.Run(k.name, func(t *testing.T) {
			keys := map[string]bool{}
			jsonKeys(keys, k.row)
			for _, c := range Columns(k.name) {
				_, other := others[k.name+" "+c.Key]
				if keys[c.Key] == other {
					t.Errorf("column %s: in the JSON %v, listed as an exception %v", c.Key, keys[c.Key], other)
				}
			}
		})
	}
	// A group's columns are those of a connection, and so are the keys in its JSON.
	connection := map[string]bool{}
	jsonKeys(connection, reflect.TypeFor[ConnectionRow]())
	groups, err := groupKind([]string{"VIRTUAL", "Data", "protocol"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"virtual", "engineData", "protocol", "total", "states"}, groups.keys()); diff != "" {
		t.Error(diff)
	}
	for _, key := range groups.keys()[:3] {
		if !connection[key] {
			t.Errorf("group key %s is not a key of a connection", key)
		}
	}
}

// jsonKeys adds the keys of a row type and of those in it.
func jsonKeys(keys map[string]bool, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		jsonKeys(keys, t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			keys[t.Field(i).Tag.Get("json")] = true
			jsonKeys(keys, t.Field(i).Type)
		}
	}
}

// The words of earlier versions stay.
func TestColumnAliases(t *testing.T) {
	counters := map[string]string{
		"conns": "connections", "inpkts": "packetsIn", "outpkts": "packetsOut", "inbytes": "bytesIn", "outbytes": "bytesOut",
		"cps": "connectionsPerSecond", "inpps": "packetsInPerSecond", "outpps": "packetsOutPerSecond",
		"inbps": "bytesInPerSecond", "outbps": "bytesOutPerSecond",
		"conns/s": "connectionsPerSecond", "in-pkts": "packetsIn", "Out-Bytes/s": "bytesOutPerSecond",
		"IN-PKTS/S": "packetsInPerSecond", "CONNECTIONSPERSECOND": "connectionsPerSecond",
	}
	for _, test := range []struct {
		kind  string
		words map[string]string
	}{
		{"ServiceList", counters},
		{"ServiceList", map[string]string{"persistentConnections": "clients", "id": "service"}},
		{"ServerList", counters},
		{"ServerList", map[string]string{"persistentconnections": "clients", "ID": "server"}},
		{"Totals", counters},
		{"Totals", map[string]string{"conntablesize": "connTableSize"}},
		{"EventList", counters},
		{"EventList", map[string]string{"before": "before", "after": "after"}},
		{"DrainList", map[string]string{"before": "weightBefore", "BEFORE": "weightBefore"}},
		{"DrainList", map[string]string{"persistentConnections": "clients"}},
		{"ConnectionList", map[string]string{"data": "engineData"}},
		{"HistoryList", map[string]string{"sudo": "sudoUser"}},
		{"Timeouts", map[string]string{"tcpfin": "tcpFin"}},
		{"DaemonList", map[string]string{"maxlen": "maxLen"}},
	} {
		for word, key := range test.words {
			t.Run(test.kind+" "+word, func(t *testing.T) {
				resolved := columnNamed(test.kind, word)
				if resolved != key {
					t.Errorf("%q names %q, not %q", word, resolved, key)
				}
			})
		}
	}
}

// columnNamed returns the key of the column that a word names, by what Columns
// says.
func columnNamed(kind, word string) string {
	for _, c := range Columns(kind) {
		for _, name := range append([]string{c.Key, c.Heading}, c.Aliases...) {
			if strings.EqualFold(name, word) {
				return c.Key
			}
		}
	}
	return ""
}

// Key, heading and alias of each column are accepted wherever a column is named.
func TestColumnWordsAreAccepted(t *testing.T) {
	for _, k := range prints() {
		if k.kind == "ConnectionGroupList" || k.kind == "Version" {
			continue // they have no words but the keys; a version's table is a sentence
		}
		t.Run(k.kind, func(t *testing.T) {
			for _, c := range Columns(k.kind) {
				want := render(t, Options{Columns: []string{c.Key}}, k.print)
				for _, word := range append([]string{c.Heading, strings.ToLower(c.Heading)}, c.Aliases...) {
					if got := render(t, Options{Columns: []string{word}}, k.print); string(got) != string(want) {
						t.Errorf("--columns %s is not --columns %s:\n%s\n%s", word, c.Key, got, want)
					}
					render(t, Options{Filter: []string{word + "=-"}}, k.print)
					if k.kind != "EventList" && k.kind != "DirectorEventList" { // written as they are seen
						render(t, Options{Sort: "-" + word}, k.print)
					}
				}
			}
		})
	}
}

// CSV has the keys above its columns, however they were named.
func TestCSVHasTheKeys(t *testing.T) {
	services := func(p *Printer) error { return p.Services(sample(), Plain) }
	words := []string{"SERVICE", "conns", "IN-PKTS/S", "persistentConnections"}
	out := render(t, Options{Format: "csv", Columns: words}, services)
	header, _, _ := strings.Cut(string(out), "\n")
	if want := "service,connections,packetsInPerSecond,clients"; header != want {
		t.Errorf("%q, not %q", header, want)
	}
}

func TestColumnWords(t *testing.T) {
	for _, test := range []struct {
		name, kind, prefix string
		want               []string
	}{
		{"keys first", "ServiceList", "packetsin", []string{"packetsIn", "packetsInPerSecond"}},
		{"old word", "ServiceList", "cp", []string{"cps"}},
		{"headings", "ServiceList", "in-", []string{"IN-PKTS", "IN-BYTES", "IN-PKTS/S", "IN-BYTES/S"}},
		{"nothing", "ServiceList", "x", nil},
		{"everything", "Timeouts", "", []string{"tcp", "tcpFin", "udp"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ColumnWords(test.kind, test.prefix)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An unknown key is answered with the keys of the JSON, not with older words.
func TestUnknownColumn(t *testing.T) {
	for _, test := range []struct {
		name string
		o    Options
		want string
	}{
		{"columns", Options{Columns: []string{"wieght"}}, `invalid column "wieght": want service, server, scheduler, `},
		{"empty column", Options{Columns: []string{"weight", ""}}, `invalid column "": want service, `},
		{"sort", Options{Sort: "-wieght"}, `invalid sort key "wieght": want service, `},
		{"filter", Options{Filter: []string{"wieght=0"}}, `invalid filter key "wieght": want service, `},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := New(io.Discard, test.o)
			if err != nil {
				t.Fatal(err)
			}
			err = p.Services(sample(), Plain)
			if u := (*UsageError)(nil); !errors.As(err, &u) {
				t.Fatalf("%v is not a usage error", err)
			}
			if !strings.HasPrefix(err.Error(), test.want) || !strings.HasSuffix(err.Error(), " or bytesOutPerSecond") {
				t.Errorf("%q", err)
			}
			for _, word := range []string{"cps", "inpkts", "persistentConnections"} {
				if slices.Contains(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == ' ' || r == ',' }), word) {
					t.Errorf("%q offers the older word %s", err, word)
				}
			}
		})
	}
}
