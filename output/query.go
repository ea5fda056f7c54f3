package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"text/template"

	"github.com/itchyny/gojq"

	"lvs/plan"
)

type templater interface {
	Execute(w io.Writer, data any) error
}

// prepareQuery compiles JQ or Template, and checks that they fit the format.
func (p *Printer) prepareQuery() error {
	o := &p.o
	switch {
	case o.JQ == "" && o.Template == "":
		return nil
	case o.JQ != "" && o.Template != "":
		return errors.New("jq and a template exclude each other")
	case o.Template != "" && o.Format != "json":
		return fmt.Errorf("a template needs the format json, not %s", o.Format)
	case o.Format != "json" && o.Format != "jsonl":
		return fmt.Errorf("jq needs the format json or jsonl, not %s", o.Format)
	case o.Template != "":
		t, err := template.New("template").Funcs(template.FuncMap{
			"json":     templateJSON,
			"join":     templateJoin,
			"duration": templateDuration,
		}).Parse(o.Template)
		if err != nil {
			return fmt.Errorf("invalid template: line %s", strings.TrimPrefix(err.Error(), "template: template:"))
		}
		p.template = t
		return nil
	}
	q, err := gojq.Parse(o.JQ)
	if err != nil {
		return fmt.Errorf("invalid jq expression %q: %w", o.JQ, err)
	}
	if p.query, err = gojq.Compile(q); err != nil {
		return fmt.Errorf("invalid jq expression %q: %w", o.JQ, err)
	}
	return nil
}

// runQuery runs jq over one JSON text and appends its results, one a line:
// strings as they are, all else as JSON.
func (p *Printer) runQuery(b, doc []byte) ([]byte, error) {
	v, err := generic(doc)
	if err != nil {
		return b, err
	}
	results := p.query.RunWithContext(p.o.Context, v)
	for {
		r, ok := results.Next()
		if !ok {
			return b, nil
		}
		switch r := r.(type) {
		case error:
			var halt *gojq.HaltError
			if errors.As(r, &halt) && halt.Value() == nil {
				return b, nil
			}
			return b, usage("jq: %w", r)
		case string:
			b = append(b, p.shown(r)...)
		default:
			text, err := gojq.Marshal(r)
			if err != nil {
				return b, err
			}
			text = escapeInvisible(text, 0)
			if p.o.Terminal && p.o.Format == "json" {
				text = indent(text)
			}
			b = append(b, text...)
		}
		b = append(b, '\n')
	}
}

func (p *Printer) runTemplate(doc []byte) ([]byte, error) {
	v, err := generic(doc)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := p.template.Execute(&out, v); err != nil {
		return nil, &UsageError{err}
	}
	return []byte(p.shown(out.String())), nil
}

// shown returns text for the reader. On a terminal, invisible characters other than
// line ends and tabs are escaped: they may come from the network.
func (p *Printer) shown(s string) string {
	if !p.o.Terminal {
		return s
	}
	return plan.VisibleLines(s)
}

// generic decodes JSON for gojq and templates. Whole numbers of any size stay exact.
func generic(doc []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return exactNumbers(v), err
}

func exactNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.Atoi(string(v)); err == nil {
			return n
		}
		if n, ok := new(big.Int).SetString(string(v), 10); ok {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = exactNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = exactNumbers(v[k])
		}
	}
	return v
}

func templateJSON(v any) (string, error) {
	b, err := gojq.Marshal(v)
	return string(b), err
}

func templateJoin(sep string, list []any) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, sep)
}

// templateDuration returns seconds as text, and null as nothing.
func templateDuration(v any) string {
	n, ok := v.(int)
	if !ok || n < 0 {
		return ""
	}
	return string(seconds.appendNumber(nil, uint64(n), true))
}
