package main

import (
	"os"
	"path/filepath"
	"testing"
)

// An automatic undo that keeps everything, because a person changed it again, is in the
// history: nobody sees what it prints.
func TestAutomaticUndoThatKeepsAll(t *testing.T) {
	p := promised(t)
	file := filepath.Join(t.TempDir(), "heavy.yaml")
	const heavy = "apiVersion: lvs/v1\nkind: Cluster\nservices:\n- address: tcp://192.0.2.10:80\n" +
		"  servers: [{address: 10.0.0.11, weight: 9}]\n"
	if err := os.WriteFile(file, []byte(heavy), 0o600); err != nil {
		t.Fatal(err)
	}
	p.does("lvs apply --confirm-within 2s --yes -f "+file, 0)
	p.does("lvs drain 10.0.0.11 --yes", 0)
	until(t, "the entry", func() bool {
		out, _ := p.does("lvs history -o json --jq .items[0].outcome", 0)
		return out == "refused\n"
	})
	out, _ := p.does("lvs history -o json --jq .items[0].error", 0)
	has(t, out, "is not undone: what it changed was changed again since")
	out, _ = p.does("lvs list -o json --jq .items[0].servers[0].weight", 0)
	if out != "0\n" {
		t.Errorf("the weight is %s", out)
	}
	p.does("lvs undrain 10.0.0.11", 0)
	p.does("lvs undo --yes", 0) // of undrain
}
