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

// Bounds of what a small text may grow to.
const (
	maxDepth = 64
	maxNodes = 1 << 20 // that aliases may add
)

// readYAML reads all of YAML with a library.
func readYAML(s *Source) (root *tree, err error) {
	defer func() {
		// The library is known to panic on some texts that are no YAML.
		if recover() != nil {
			root, err = nil, Faults{{File: s.Name, Why: "this cannot be read as YAML"}}
		}
	}()
	if s.tooMuch() {
		return nil, Faults{s.fault(max(s.stopped, 1), 1, "what begins here takes all of YAML, which is read in smaller files only",
			"write it plainly: each list and object in a block or on one line, no anchors, tags or texts of several lines")}
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

// Bounds of what is given to the library: its time grows with the square of the
// keys of an object and of the depth. At these it takes some seconds.
const (
	maxLibraryKeys  = 40_000
	maxLibraryDepth = 1000
)

// tooMuch tells whether the library would take too long. Brackets within texts
// count too: nobody writes so many.
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

// syntax makes a fault of what the library says.
func (s *Source) syntax(err error) Fault {
	var at goyaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return Fault{File: s.Name, Why: firstLine(err.Error())}
	}
	p := at.GetToken().Position
	hint := ""
	if strings.HasPrefix(at.GetMessage(), "mapping value is not allowed") {
		hint = "a line near it is indented too far, or a text with a colon needs quotes"
	}
	f := s.fault(p.Line, p.Column, firstLine(at.GetMessage()), hint)
	if text := bracketed(f.Text); text != "" {
		f.Hint = `what has brackets needs quotes: "` + text + `"`
	}
	if strings.HasPrefix(strings.TrimLeft(f.Text, " "), "\t") {
		f.Hint = "YAML is indented with blanks, not with tabs"
	}
	return f
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// yamlTree makes a tree of what the library read.
type yamlTree struct {
	source  *Source
	anchors map[string]ast.Node
	// left is how many nodes aliases may still add.
	left int
	// inAlias and depth count what is around a node.
	inAlias, depth int
}

func (y *yamlTree) fault(n ast.Node, why, hint string) error {
	p := position(n)
	return Faults{y.source.fault(p.Line, p.Column, why, hint)}
}

// documents takes the only one that is not empty.
func (y *yamlTree) documents(docs []*ast.DocumentNode) (tree, error) {
	var body ast.Node
	for _, d := range docs {
		switch {
		case d.Body == nil:
		case body != nil:
			return tree{}, y.fault(d.Body, "a second document begins: a file is one cluster", "put it into a file of its own")
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
		return t, y.fault(n, fmt.Sprintf("more than %d lists and objects within one another", maxDepth), "")
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
		return t, y.fault(n, "tags have no meaning here", "leave out "+n.Start.Value)
	default:
		return t, y.fault(n, "this has no place in a cluster file", "")
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

// object puts what is merged behind the object's own keys, which win.
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
					return y.fault(v.Key, "<< takes an object, or a list of objects", "")
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
			return y.fault(v.Key, "a key is a word", "")
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
		return tree{}, y.fault(n, fmt.Sprintf("the alias %s stands for nothing above it", plan.Quote("*"+name)), "")
	}
	y.inAlias++
	defer func() { y.inAlias-- }()
	return y.tree(meant)
}

// position is where a node begins: a block's first key or dash, or a bracket.
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
