package output

import (
	"encoding/json"
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// brokenPipe fails as a pipe does whose reader has gone.
type brokenPipe struct{ writes int }

func (b *brokenPipe) Write(p []byte) (int, error) {
	b.writes++
	return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}

// lvs list | head: the writer learns of it, in every format.
func TestBrokenPipe(t *testing.T) {
	for _, k := range prints() {
		for _, format := range Formats() {
			for _, terminal := range []bool{false, true} {
				var w brokenPipe
				p, err := New(&w, Options{Format: format, Terminal: terminal})
				if err != nil {
					t.Fatal(err)
				}
				if err := k.print(p); !errors.Is(err, syscall.EPIPE) {
					t.Errorf("%s as %s: %v", k.kind, format, err)
				}
			}
		}
	}
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
		var want, got any
		if err := json.Unmarshal(render(t, Options{Format: "json"}, k.print), &want); err != nil {
			t.Fatal(err)
		}
		text := render(t, Options{Format: "yaml"}, k.print)
		var read any
		if err := yaml.Unmarshal(text, &read); err != nil {
			t.Fatalf("%s: %v in\n%s", k.kind, err, text)
		}
		back, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(back, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", k.kind, diff)
		}
	}
}

func TestYAMLStrings(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":"yes"}`: "a: \"yes\"\n", `{"a":"Null"}`: "a: \"Null\"\n", `{"a":"wlc"}`: "a: wlc\n", `{"a":"x:"}`: "a: \"x:\"\n",
		`{"a":"10.0.0.1"}`: "a: \"10.0.0.1\"\n", `{"a":"b c"}`: "a: \"b c\"\n", `{"a":""}`: "a: \"\"\n",
		`{"a":"q\"]}\\"}`: "a: \"q\\\"]}\\\\\"\n", `{"a":{},"b":[],"c":[1,-2],"d":{"e":null}}`: "a: {}\nb: []\nc:\n- 1\n- -2\nd:\n  e: null\n",
	} {
		if got := string(toYAML([]byte(in))); got != want {
			t.Errorf("%s is %q, not %q", in, got, want)
		}
	}
}
