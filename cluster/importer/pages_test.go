package importer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// TestPages checks that the pages for people who come from keepalived and ldirectord say
// what becomes of each word that those programs know.
func TestPages(t *testing.T) {
	for _, test := range []struct {
		page, source string
		functions    []string
	}{
		{"from-keepalived.md", "keepalived_keys.go",
			[]string{"topKey", "virtualServerKey", "realServerKey", "urlKey", "checkerKey"}},
		{"from-ldirectord.md", "ldirectord.go", []string{"ldirectordSetting"}},
	} {
		t.Run(test.page, func(t *testing.T) {
			page, err := os.ReadFile("../../docs/" + test.page)
			if err != nil {
				t.Fatal(err)
			}
			words := caseWords(t, test.source, test.functions)
			if len(words) < 25 {
				t.Fatalf("only %d words in %s: %q", len(words), test.source, words)
			}
			for _, w := range words {
				if !regexp.MustCompile(`[^a-z_-]` + regexp.QuoteMeta(w) + `[^a-z_-]`).Match(page) {
					t.Errorf("nothing about %s", w)
				}
			}
		})
	}
}

// caseWords returns the texts in the cases of some functions.
func caseWords(t *testing.T, file string, functions []string) (words []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !slices.Contains(functions, f.Name.Name) {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			c, ok := n.(*ast.CaseClause)
			if !ok {
				return true
			}
			for _, e := range c.List {
				if lit, ok := e.(*ast.BasicLit); ok {
					if w, err := strconv.Unquote(lit.Value); err == nil && !slices.Contains(words, w) {
						words = append(words, w)
					}
				}
			}
			return true
		})
	}
	return words
}
