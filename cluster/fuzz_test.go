package cluster

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// addTexts are files, right and wrong, to begin with.
func addTexts(f *testing.F, name string) {
	f.Helper()
	for _, e := range Examples() {
		f.Add([]byte(e.Text))
	}
	faulty, err := filepath.Glob("../commands/testdata/faults/" + name)
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range faulty {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for seed := range uint64(5) {
		var b strings.Builder
		file := randomFile(rand.New(rand.NewPCG(seed, 41)))
		write := file.WriteYAML
		if strings.HasSuffix(name, "json") {
			write = file.WriteJSON
		}
		if err := write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(b.String()))
	}
}

// FuzzRead reads anything: nothing breaks, every fault has its place in the text,
// and what is valid is written and read again as it was.
func FuzzRead(f *testing.F) {
	addTexts(f, "*.*[ln]")
	f.Add([]byte("apiVersion: "))
	f.Add([]byte("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 8<<10 {
			t.Skip("the library takes too long for many of them")
		}
		file, err := Read("x", string(text))
		if file != nil {
			_, err = Resolve(file)
		}
		var faults Faults
		if err != nil && !errors.As(err, &faults) {
			t.Fatalf("%T: %v", err, err)
		}
		lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
		for _, one := range faults {
			if one.Line == 0 {
				continue
			}
			if one.Line > len(lines) || one.Column < 1 || one.Column > utf8.RuneCountInString(lines[one.Line-1])+1 {
				t.Fatalf("outside the text: %v", one)
			}
		}
		if err == nil {
			writtenAgain(t, file)
		}
	})
}

func writtenAgain(t *testing.T, file *File) {
	t.Helper()
	var y strings.Builder
	if err := file.WriteYAML(&y); err != nil {
		t.Fatal(err)
	}
	again, err := Read("", y.String())
	if err != nil {
		t.Fatalf("%v\n%s", err, y.String())
	}
	first, err := Resolve(file)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Resolve(again)
	if err != nil {
		t.Fatalf("%v\n%s", err, y.String())
	}
	if !reflect.DeepEqual(first.Services, second.Services) {
		t.Fatalf("%v\n%v\n%s", first.Services, second.Services, y.String())
	}
}

// FuzzQuick holds the quick reader to the library: where it reads a text, the
// library reads the same.
func FuzzQuick(f *testing.F) {
	addTexts(f, "*.yaml")
	for _, text := range []string{
		"a: b\nc:\n- d\n- e: f\n  g: {h: i, j: [k, 'l''m', \"n\\u00e9\\t\"]}\n",
		"---\n# comment\na: 12 # comment\n\"b\": ~x\n'c': +5\nd: .5\ne: -1\nf: 0x1f\ng: 1_0\n",
		"a:\n  b:\n    c: d e  f\n  g: h\n", "- a\n-  b\n-   c: d\n    e: f\n", "ä: ö # ü\n",
		"a: 1e3\nb: 012\nc: 1.\nd: 10.0.0.1\ne: tcp://[::1]:80\n",
		"a: [10.0.0.1:80, b]\n", "a: b#c\n", "a: {b: , c: d}\n", "a: [b , c]\n", "a: 'b' \nc: \"d\"# e\n", "a: b\n c\n",
		"a: b\n\n# c\n\nd: e", "a: - b\n", "a: b: c\n",
		"a:\r\n- b\r\n- c: d # e\r\n\r\n  f: \"g\"\r\n",
		// What fuzzing found.
		"0: 0 \n0: {0:: 0}", "0: {0:0: 0}", "...00: 0", "0<<: 0",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &Source{text: string(text)}
		if _, bad := s.unreadable(); bad || len(text) > 8<<10 || s.isJSON() {
			return
		}
		quick, ok := readQuick(s, nil)
		if !ok {
			return
		}
		if knownFault.MatchString(s.text) {
			t.Skip("the library is known to be wrong there")
		}
		slow, err := readYAML(s)
		if err != nil {
			t.Fatalf("the library does not read it: %v\n%s", err, text)
		}
		lines := !strings.Contains(s.text, "\r") // which it counts otherwise
		if a, b := quick.dump(lines), slow.dump(lines); a != b {
			t.Fatalf("quick %s\nslow  %s\n%s", a, b, text)
		}
	})
}

// knownFault is a colon within a text without quotes in a list in an object, all
// in brackets: the library (1.19.2) takes it for a key's.
var knownFault = regexp.MustCompile(`\{.*\[.*\S:\S`)

// dump writes a tree, with its lines if asked. The library has columns that are not where
// things begin.
func (t *tree) dump(lines bool) string {
	var b strings.Builder
	var walk func(t *tree)
	walk = func(t *tree) {
		b.WriteString(" " + strconv.Itoa(int(t.kind)))
		if lines {
			b.WriteString("@" + strconv.Itoa(int(t.line)))
		}
		b.WriteString(strconv.Quote(t.text) + "(")
		for i := range t.items {
			walk(&t.items[i])
		}
		b.WriteString(")")
	}
	walk(t)
	return b.String()
}

// FuzzJSON holds the reader of JSON to the standard library.
func FuzzJSON(f *testing.F) {
	addTexts(f, "*.json")
	f.Add([]byte(`{"a": [1, -2.5e3, true, null, "\u00e9\ud83d\ude00\n", {}], "b": []}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &Source{text: string(text)}
		if _, bad := s.unreadable(); bad || !s.isJSON() || s.text[0] == '#' || strings.Contains(s.text, "\n#") {
			return
		}
		got, err := readJSON(s, nil)
		var want any
		if wrong := json.Unmarshal([]byte(s.text), &want); (wrong == nil) != (err == nil) {
			if err != nil && strings.Contains(err.Error(), "within one another") {
				return
			}
			t.Fatalf("%v, and the library says %v\n%s", err, wrong, s.text)
		}
		if err == nil && !reflect.DeepEqual(got.plain(), want) {
			t.Fatalf("%#v, not %#v\n%s", got.plain(), want, s.text)
		}
	})
}

// plain returns the tree as encoding/json decodes it.
func (t *tree) plain() any {
	switch t.kind {
	case isBool:
		return t.text == "true"
	case isNumber:
		n, _ := strconv.ParseFloat(t.text, 64)
		return n
	case isText:
		return t.text
	case isList:
		out := make([]any, len(t.items))
		for i := range t.items {
			out[i] = t.items[i].plain()
		}
		return out
	case isObject:
		out := map[string]any{}
		for i := 0; i < len(t.items); i += 2 {
			out[t.items[i].text] = t.items[i+1].plain()
		}
		return out
	}
	return nil
}
