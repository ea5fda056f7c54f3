package cluster

import (
	"errors"
	"fmt"
	"strings"

	goyaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"lvs/plan"
)

// Limits of what a small text may expand to.
const (
	maxDepth = 64
	maxNodes = 1 << 20 // added by aliases
)

func tooDeep() string { return fmt.Sprintf("lists and objects are nested more than %d deep", maxDepth) }

// readYAML reads any YAML, with a library.
func readYAML(s *Source) (root *tree, err error) {
	defer func() {
		// The library is known to panic on some texts that are not YAML.
		if recover() != nil {
			root, err = nil, Faults{{File: s.Name, Why: "cannot read this as YAML"}}
		}
	}()
	if s.tooMuch() {
		return nil, Faults{s.fault(max(s.stopped, 1), 1, "a file this large must be plain YAML, and here begins something "+
			"else",
			"write each list and object as a block or on one line, without anchors, tags or multi-line texts")}
	}
	file, err := parser.Parse(lexer.Tokenize(s.text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, Faults{s.syntax(err)}
	}
	y := yamlTree{source: s, anchors: map[string]ast.Node{}, left: maxNodes}
	t, err := y.documents(file.Docs)
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// Limits of what the library gets: its time grows with the square of the number of
// keys in an object and of the depth. At these limits it takes some seconds.
const (
	maxLibraryKeys  = 40_000
	maxLibraryDepth = 1000
)

// tooMuch reports whether the library would take too long. It counts brackets in
// quotes too: real files do not have that many.
func (s *Source) tooMuch() bool {
	keys, depth := strings.Count(s.text, "---")+strings.Count(s.text, "- - "), 0
	for i := range len(s.text) {
		switch s.text[i] {
		case ':':
			if i+1 < len(s.text) && (s.text[i+1] == ' ' || s.text[i+1] == '\n' || s.text[i+1] == '\r') {
				keys++
			}
		case '[', '{':
			if depth++; depth > maxLibraryDepth {
				return true
			}
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return keys > maxLibraryKeys
}

// syntax returns the library's error as a fault.
func (s *Source) syntax(err error) Fault {
	var at goyaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return Fault{File: s.Name, Why: firstLine(err.Error())}
	}
	p := at.GetToken().Position
	hint := ""
	if strings.HasPrefix(at.GetMessage(), "mapping value is not allowed") {
		hint = "check the indentation of the lines around it; put a text with a colon in quotes"
	}
	f := s.fault(p.Line, p.Column, firstLine(at.GetMessage()), hint)
	if text := bracketed(f.Text); text != "" {
		f.Hint = `write it in quotes: "` + text + `"`
	}
	if strings.HasPrefix(strings.TrimLeft(f.Text, " "), "\t") {
		f.Hint = "indent with spaces, not with tabs"
	}
	return f
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// yamlTree turns the library's result into a tree.
type yamlTree struct {
	source  *Source
	anchors map[string]ast.Node
	// left is the number of nodes that aliases may still add.
	left int
	// inAlias and depth count the aliases and values around a node.
	inAlias, depth int
}

func (y *yamlTree) fault(n ast.Node, why, hint string) error {
	p := position(n)
	return Faults{y.source.fault(p.Line, p.Column, why, hint)}
}

// documents returns the only document that is not empty.
func (y *yamlTree) documents(docs []*ast.DocumentNode) (tree, error) {
	var body ast.Node
	for _, d := range docs {
		switch {
		case d.Body == nil:
		case body != nil:
			return tree{}, y.fault(d.Body, "a second document begins here: a file is one cluster", "move it to another file")
		default:
			body = d.Body
		}
	}
	if body == nil {
		return tree{}, Faults{{File: y.source.Name, Why: "the file is empty"}}
	}
	return y.tree(body)
}

func (y *yamlTree) tree(n ast.Node) (t tree, err error) {
	if y.depth++; y.depth > maxDepth {
		return t, y.fault(n, tooDeep(), "")
	}
	defer func() { y.depth-- }()
	if y.inAlias > 0 {
		if y.left--; y.left < 0 {
			return t, y.fault(n, "aliases make the document too large", "")
		}
	}
	if n == nil {
		return t, nil
	}
	p := position(n)
	t.line, t.column = int32(p.Line), int32(p.Column)
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		t.kind, t.text = isBool, n.Token.Value
	case *ast.IntegerNode:
		t.kind, t.text = isNumber, n.Token.Value
	case *ast.FloatNode:
		t.kind, t.text = isNumber, n.Token.Value
	case *ast.InfinityNode:
		t.kind, t.text = isNumber, n.Token.Value
	case *ast.NanNode:
		t.kind, t.text = isNumber, n.Token.Value
	case *ast.StringNode:
		t.kind, t.text = isText, n.Value
	case *ast.LiteralNode:
		t.kind, t.text = isText, n.Value.Value
	case *ast.SequenceNode:
		return t, y.list(n, &t)
	case *ast.MappingNode:
		return t, y.object(n.Values, &t)
	case *ast.MappingValueNode:
		return t, y.object([]*ast.MappingValueNode{n}, &t)
	case *ast.AnchorNode:
		t, err = y.tree(n.Value)
		y.anchors[n.Name.GetToken().Value] = n.Value
		return t, err
	case *ast.AliasNode:
		return y.alias(n)
	case *ast.TagNode:
		return t, y.fault(n, "tags are not supported", "remove "+n.Start.Value)
	default:
		return t, y.fault(n, "this is not supported in a cluster file", "")
	}
	return t, nil
}

func (y *yamlTree) list(n *ast.SequenceNode, t *tree) error {
	t.kind = isList
	t.items = make([]tree, len(n.Values))
	for i, v := range n.Values {
		var err error
		if t.items[i], err = y.tree(v); err != nil {
			return err
		}
	}
	return nil
}

// object adds merged keys behind the object's own, which take precedence.
func (y *yamlTree) object(values []*ast.MappingValueNode, t *tree) error {
	t.kind = isObject
	t.items = make([]tree, 0, 2*len(values))
	var merged []tree
	for _, v := range values {
		value, err := y.tree(v.Value)
		if err != nil {
			return err
		}
		if v.Key.IsMergeKey() {
			sources := []tree{value}
			if value.kind == isList {
				sources = value.items
			}
			for _, s := range sources {
				if s.kind != isObject {
					return y.fault(v.Key, "invalid <<: want an object, or a list of objects", "")
				}
			}
			merged = append(merged, sources...)
			continue
		}
		key, err := y.tree(v.Key)
		if err != nil {
			return err
		}
		if key.kind == isNull || key.kind == isList || key.kind == isObject {
			return y.fault(v.Key, "invalid key: want a word", "")
		}
		if value.line == 0 {
			value.line, value.column = key.line, key.column
		}
		t.items = append(t.items, key, value)
	}
	for _, m := range merged {
		for i := 0; i < len(m.items); i += 2 {
			if t.member(m.items[i].text) == nil {
				t.items = append(t.items, m.items[i], m.items[i+1])
			}
		}
	}
	return nil
}

func (y *yamlTree) alias(n *ast.AliasNode) (tree, error) {
	name := n.Value.GetToken().Value
	meant, ok := y.anchors[name]
	if !ok {
		return tree{}, y.fault(n, fmt.Sprintf("the alias %s has no anchor above it", plan.Quote("*"+name)), "")
	}
	y.inAlias++
	defer func() { y.inAlias-- }()
	return y.tree(meant)
}

// position returns where a node begins: a block's first key or dash, or a bracket.
func position(n ast.Node) *token.Position {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return position(n.Values[0])
		}
	case *ast.MappingValueNode:
		return position(n.Key)
	}
	return n.GetToken().Position
}

// bracketed returns the address in a line of YAML that has brackets and no quotes, so
// that YAML takes it for a list: 10.0.0.[18-20], tcp://[2001:db8::10]:80. It returns
// nothing if there is none.
func bracketed(line string) string {
	for i := range len(line) {
		if line[i] != '[' {
			continue
		}
		n := strings.IndexByte(line[i:], ']')
		if n < 0 {
			return ""
		}
		if strings.IndexByte(line[i+1:i+n], '[') >= 0 {
			continue // a list around it
		}
		from := strings.LastIndexAny(line[:i], " \t,{[\"'") + 1
		to := i + n + 1
		if rest := strings.IndexAny(line[to:], " \t,}]\"'"); rest >= 0 {
			to += rest
		} else {
			to = len(line)
		}
		word := line[from:to]
		quoted := from > 0 && strings.IndexByte(`"'`, line[from-1]) >= 0
		if !quoted && !strings.ContainsAny(word, "{}\"' ") && len(word) > n+1 &&
			(from < i || strings.HasPrefix(line[i+n+1:], ":")) {
			return word
		}
	}
	return ""
}
