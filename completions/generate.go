// Command completions makes the shells' completion scripts from the command
// tree, for both names the program is installed under. They are checked in;
// make generate renews them, and a test fails when they are stale.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"lvs/commands"
)

//go:generate go run .

func main() {
	all, err := scripts()
	for name, text := range all {
		if err == nil {
			err = os.WriteFile(name, text, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "completions:", err)
		os.Exit(1)
	}
}

// extensions are the file name extensions of the shells.
var extensions = map[string]string{"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "ps1"}

// scripts returns every script by its file name.
func scripts() (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, name := range []string{"lvs", "lvsctl"} {
		for _, shell := range commands.Shells() {
			var text, failure bytes.Buffer
			app := &commands.App{Name: name, Out: &text, Err: &failure, Env: func(string) string { return "" }}
			if status := app.Run(context.Background(), []string{"completion", shell}); status != 0 {
				return nil, fmt.Errorf("%s completion %s: exit status %d: %s", name, shell, status, failure.Bytes())
			}
			out[name+"."+extensions[shell]] = text.Bytes()
		}
	}
	return out, nil
}
