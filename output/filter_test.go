package output

import (
	"errors"
	"io"
	"strings"
	"testing"

	"lvs/kernel"
)

func TestParseCondition(t *testing.T) {
	for _, test := range []struct{ in, key, op, value string }{
		{"weight=0", "weight", "=", "0"},
		{"weight==0", "weight", "=", "0"},
		{"weight != 0", "weight", "!=", "0"},
		{"active>=10K", "active", ">=", "10K"},
		{"active<5", "active", "<", "5"},
		{"service~^tcp://", "service", "~", "^tcp://"},
		{"service!~:80$", "service", "!~", ":80$"},
		{"state==", "state", "=", ""},
		{"tunnel=gue:6080/csum", "tunnel", "=", "gue:6080/csum"},
	} {
		c, err := parseCondition(test.in)
		if err != nil {
			t.Errorf("%q: %v", test.in, err)
		} else if c.key != test.key || c.op != test.op || c.value != test.value {
			t.Errorf("%q is %q %q %q", test.in, c.key, c.op, c.value)
		}
	}
	for _, in := range []string{"", "weight", "=0", "weight!0", "service~(", "active>many", "active>-1", "active>1X"} {
		if c, err := parseCondition(in); err == nil {
			t.Errorf("%q was taken as %v", in, c)
		}
	}
}

func TestParseNumber(t *testing.T) {
	for in, want := range map[string]uint64{
		"0": 0, "18446744073709551615": 1<<64 - 1, "1K": 1000, "1.5M": 1_500_000, "2G": 2_000_000_000,
		"5m": 300, "1h30m": 5400, "90s": 90, "9E": 9_000_000_000_000_000_000,
	} {
		if got, ok := parseNumber(in); !ok || got != want {
			t.Errorf("%q is %d, %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "-", "K", "-1K", "NaNK", "InfK", "1e300K", "10E", "ten", "1.5", "-5m"} {
		if got, ok := parseNumber(in); ok {
			t.Errorf("%q was taken as %d", in, got)
		}
	}
}

func FuzzCondition(f *testing.F) {
	for _, s := range []string{"weight=0", "active>=1.5M", "service!~^udp", "persistent<6m", "x!", "a~(", "=", "k=\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCondition(s)
		if err != nil {
			if err.Error() == "" || !strings.Contains(err.Error(), "filter") {
				t.Errorf("%q: a poor error: %v", s, err)
			}
			return
		}
		if c.key == "" && strings.TrimSpace(s[:strings.IndexAny(s, "!=<>~")]) != "" {
			t.Errorf("%q lost its key", s)
		}
		// Whatever it says, it must be decidable on every row or refused.
		for _, key := range []string{"service", "weight", "persistent"} {
			c.key = key
			k := serviceKind(Plain)
			p := &Printer{conditions: []condition{c}}
			if _, err := p.nodes(&k, sample().Services, false); err != nil {
				if u := (*UsageError)(nil); !errors.As(err, &u) {
					t.Errorf("%q: %v is no usage error", s, err)
				}
			}
		}
	})
}

// What cannot be met is a usage error that names the choices.
func TestUsageErrors(t *testing.T) {
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{Format: "xml"}, "the formats are table"},
		{Options{Format: "json", Columns: []string{"weight"}}, "not for json"},
		{Options{Columns: []string{"wieght"}}, `unknown column "wieght"; the columns are service, server`},
		{Options{Sort: "-wieght"}, `unknown sort key "wieght"`},
		{Options{Filter: []string{"wieght=0"}}, `unknown filter key "wieght"`},
		{Options{Filter: []string{"weight"}}, "is not of the form"},
		{Options{Filter: []string{"weight=>2"}}, `filter "weight=>2": write weight>=2`},
		{Options{Filter: []string{"weight =< 2"}}, `write weight<= 2`},
		{Options{Filter: []string{"server=~^10"}}, `write server~^10`},
		{Options{Filter: []string{"weight=a"}}, `"a" is not a number`},
		{Options{Filter: []string{"service>1"}}, "service is text"},
		{Options{JQ: ".a ]"}, "jq: "},
		{Options{JQ: "nosuch(1)"}, "jq: "},
		{Options{JQ: ".a", Format: "table"}, "not on table"},
		{Options{JQ: ".a", Format: "yaml"}, "not on yaml"},
		{Options{JQ: ".a", Template: "a"}, "exclude one another"},
		{Options{JQ: ".items | error"}, "jq: "},
		{Options{Template: "{{"}, "template"},
		{Options{Template: "{{.a}}", Format: "jsonl"}, "not on jsonl"},
		{Options{Template: "{{join 1 2}}"}, "expected string"},
	} {
		p, err := New(io.Discard, test.o)
		if err == nil {
			err = p.Services(sample(), Plain)
		}
		if u := (*UsageError)(nil); !errors.As(err, &u) {
			t.Errorf("%+v: %v is no usage error", test.o, err)
		} else if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %q does not say %q", test.o, err, test.want)
		}
	}
}

// A fault in the options shows before anything is written, in every kind.
func TestUnknownKeysInEveryKind(t *testing.T) {
	for _, k := range prints() {
		if k.kind == "Version" {
			continue // its table is a sentence
		}
		for _, o := range []Options{{Columns: []string{"nosuch"}}, {Sort: "nosuch"}, {Filter: []string{"nosuch=1"}}, {Format: "json", Sort: "nosuch"}} {
			var out strings.Builder
			p, err := New(&out, o)
			if err != nil {
				t.Fatal(err)
			}
			err = k.print(p)
			if u := (*UsageError)(nil); !errors.As(err, &u) {
				t.Errorf("%s %+v: %v is no usage error", k.kind, o, err)
			}
			if out.Len() > 0 {
				t.Errorf("%s %+v wrote %q", k.kind, o, out.String())
			}
		}
	}
	p, err := New(io.Discard, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ConnectionGroups([]string{"nosuch"}, nil); err == nil || !strings.Contains(err.Error(), "the columns are") {
		t.Error(err)
	}
	if _, err := ConnectionField("nosuch"); err == nil {
		t.Error("an unknown field was found")
	}
	field, err := ConnectionField("expires")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(field(nil, &kernel.Connection{Expires: 5e9})); got != "5s" {
		t.Error(got)
	}
}

// Every kind has columns, each with a key of its own and a word of help.
func TestColumnKeys(t *testing.T) {
	for _, k := range prints() {
		keys := ColumnKeys(k.kind)
		for _, c := range Columns(k.kind) {
			if c.Help == "" {
				t.Errorf("%s: column %s has no help", k.kind, c.Key)
			}
		}
		if len(keys) == 0 {
			t.Errorf("%s has no columns", k.kind)
		}
		seen := map[string]bool{}
		for _, key := range keys {
			if seen[key] || key != strings.ToLower(key) {
				t.Errorf("%s: key %q", k.kind, key)
			}
			seen[key] = true
		}
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
