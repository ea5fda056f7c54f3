package commands

import (
	"strings"
	"testing"

	"lvs/kernel/memory"
)

// Column names complete from keys, headings and older names, in the case of the user.
func TestCompletionOfColumns(t *testing.T) {
	for _, test := range []struct{ name, option, word, want string }{
		{"keys", "--columns", "packetsI", "packetsIn packetsInPerSecond"},
		{"keys in another case", "--columns", "packetsi", "packetsin packetsinpersecond"},
		{"an older name", "--columns", "cp", "cps"},
		{"headings", "--columns", "in-", "in-pkts in-bytes in-pkts/s in-bytes/s"},
		{"headings in capitals", "--columns", "IN-P", "IN-PKTS IN-PKTS/S"},
		{"a list", "--columns", "service,wei", "service,weight service,weightBefore"},
		{"descending order", "--sort=-wei", "", "-weight -weightBefore"},
		{"a filter", "--filter", "cp", "cps"},
		{"no column", "--filter", "x", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			app, out, errs := testApp(memory.New())
			args := []string{"__complete", "list", test.option}
			if test.word != "" {
				args = append(args, test.word)
			}
			if status := app.Run(t.Context(), args); status != exitDone {
				t.Fatalf("exit status %d, %s", status, errs)
			}
			words, _, _ := strings.Cut(out.String(), ":")
			if got := strings.Join(strings.Fields(words), " "); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
