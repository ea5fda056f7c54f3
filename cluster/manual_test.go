package cluster

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestExamplesAreValid(t *testing.T) {
	schema := readSchema(t)
	for _, e := range Examples() {
		f, err := Read(e.Title, e.Text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Resolve(f); err != nil {
			t.Error(err)
		}
		schema.accepts(t, f)
	}
}

// TestEveryKeyIsExplained reads each key's example as its value.
func TestEveryKeyIsExplained(t *testing.T) {
	for _, k := range newTables().kinds() {
		seen := map[string]bool{}
		for _, m := range k.manual(map[string]string{}).Keys {
			if seen[m.Name] {
				t.Errorf("%s: %s stands twice", k.name(), m.Name)
			}
			seen[m.Name] = true
			if m.Doc == "" || !strings.HasSuffix(m.Doc, ".") || m.Type == "" {
				t.Errorf("%s: %s is not explained: %q, %q", k.name(), m.Name, m.Type, m.Doc)
			}
			if m.Example == "" && m.Name != "services" {
				t.Errorf("%s: %s has no example", k.name(), m.Name)
			}
			for _, f := range k.(interface {
				try(key, example string) Faults
			}).try(m.Name, m.Example) {
				t.Errorf("%s: %s: %s: %v", k.name(), m.Name, m.Example, f)
			}
		}
	}
}

// TestSchemaAcceptsFiles holds random files, as JSON, against the schema.
func TestSchemaAcceptsFiles(t *testing.T) {
	schema := readSchema(t)
	for seed := range uint64(300) {
		schema.accepts(t, randomFile(rand.New(rand.NewPCG(seed, 31))))
	}
}

// TestSchemaRefuses what reading refuses too.
func TestSchemaRefuses(t *testing.T) {
	schema := readSchema(t)
	const head = `{"apiVersion": "lvs/v1", "kind": "Cluster", `
	for _, text := range []string{
		`{"kind": "Cluster", "services": []}`,
		`{"apiVersion": "lvs/v2", "kind": "Cluster", "services": []}`,
		head + `"services": [], "sevrices": []}`,
		head + `"services": [{"address": "fwmark:1", "servers": [{"address": "10.0.0.1", "weight": -1}]}]}`,
		head + `"services": [{"address": "fwmark:1", "persistent": 600}]}`,
		head + `"services": [{"address": "fwmark:1", "forward": "dr"}]}`,
		head + `"services": [{"address": "fwmark:1", "maxMasked": "101%"}]}`,
		head + `"services": [], "name": ""}`,
		head + `"services": [], "checks": {"a": {"type": "all", "of": [{"type": "no"}]}}}`,
	} {
		t.Run(text, func(t *testing.T) {
			var v any
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				t.Fatal(err)
			}
			if schema.fault(schema, v) == "" {
				t.Errorf("the schema accepts %s", text)
			}
			if _, err := Read("", text); err == nil {
				t.Errorf("reading accepts %s", text)
			}
		})
	}
}

// jsonSchema is as much of JSON Schema as ours uses.
type jsonSchema map[string]any

func readSchema(t *testing.T) (s jsonSchema) {
	t.Helper()
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s jsonSchema) accepts(t *testing.T, f *File) {
	t.Helper()
	var b strings.Builder
	if err := f.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal([]byte(b.String()), &v); err != nil {
		t.Fatal(err)
	}
	if why := s.fault(s, v); why != "" {
		t.Fatalf("%s\n%s", why, b.String())
	}
}

// fault returns why a value does not fit, or nothing.
func (s jsonSchema) fault(root jsonSchema, v any) string {
	if ref, ok := s["$ref"].(string); ok {
		def := root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		return jsonSchema(def).fault(root, v)
	}
	if either, ok := s["anyOf"].([]any); ok {
		if !slices.ContainsFunc(either, func(e any) bool { return jsonSchema(e.(map[string]any)).fault(root, v) == "" }) {
			return "nothing of anyOf fits"
		}
		return ""
	}
	switch s["type"] {
	case "string":
		text, ok := v.(string)
		pattern, _ := s["pattern"].(string)
		enum, _ := s["enum"].([]any)
		least, _ := s["minLength"].(float64)
		if !ok || !regexp.MustCompile(pattern).MatchString(text) || enum != nil && !slices.Contains(enum, v) ||
			len(text) < int(least) {
			return "no such text"
		}
	case "integer":
		if n, ok := v.(float64); !ok || n < s["minimum"].(float64) || n > s["maximum"].(float64) {
			return "no such number"
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return "no truth"
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			return "no list"
		}
		for _, e := range list {
			if why := jsonSchema(s["items"].(map[string]any)).fault(root, e); why != "" {
				return why
			}
		}
	case "object":
		return s.objectFault(root, v)
	default:
		return "the schema knows no type"
	}
	return ""
}

func (s jsonSchema) objectFault(root jsonSchema, v any) string {
	o, ok := v.(map[string]any)
	if !ok {
		return "no object"
	}
	required, _ := s["required"].([]any)
	for _, key := range required {
		if _, ok := o[key.(string)]; !ok {
			return key.(string) + " is missing"
		}
	}
	properties, _ := s["properties"].(map[string]any)
	others, _ := s["additionalProperties"].(map[string]any)
	for key, value := range o {
		inner, ok := properties[key].(map[string]any)
		if !ok {
			inner = others
		}
		if inner == nil {
			return "unknown key " + key
		}
		if why := jsonSchema(inner).fault(root, value); why != "" {
			return key + ": " + why
		}
	}
	return ""
}

// try reads an example as the value of a key.
func (r *record[T]) try(key, example string) Faults {
	if example == "" {
		return nil
	}
	s := &Source{text: key + ": " + example + "\n"}
	root, err := readYAML(s)
	if err != nil {
		return err.(Faults)
	}
	var v T
	d := decoder{source: s, tables: newTables(), key: key}
	r.keys[r.find(key)].read(&d, &root.items[1], &v)
	return d.faults
}
