package commands

import (
	"strings"
	"testing"
)

// Each other word leads to an existing verb, and is not a verb itself.
func TestOtherVerbs(t *testing.T) {
	there := map[string]bool{}
	for _, v := range verbs() {
		there[v.name], there[v.alias] = true, true
	}
	for word, verb := range otherVerbs() {
		t.Run(word, func(t *testing.T) {
			if there[word] || !there[verb] {
				t.Errorf("%s is not a good suggestion", verb)
			}
		})
	}
}

// A word behind director leads to a verb that exists, and an address to its state.
func TestWordsBehindDirector(t *testing.T) {
	app, _, _ := testApp(nil)
	for word, does := range directorVerbs() {
		t.Run(word, func(t *testing.T) {
			root := app.another().Root()
			verb, _, err := root.Find(strings.Fields(does))
			if err != nil || !verb.Runnable() || verb.Name() == "director" {
				t.Errorf("%s: %v", does, err)
			}
			if is, _, _ := root.Find([]string{"director", word}); is.Name() != "director" {
				t.Errorf("%s is a verb itself", word)
			}
		})
	}
	for word, want := range map[string]string{
		"10.0.0.11":           "lvs director status 10.0.0.11",
		"tcp://192.0.2.10:80": "lvs director status tcp://192.0.2.10:80",
		"nothing":             "",
	} {
		t.Run(word, func(t *testing.T) {
			if got := meantByDirector("lvs", word); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// What the director's verbs cannot do is refused, and not done.
func TestDirectorOptions(t *testing.T) {
	for line, want := range map[string]string{
		"director run -f x.yaml --dry-run": "lvs: director run has no --dry-run\n" +
			"hint: see what it would change: lvs diff -f FILE\n",
		"director run -f x.yaml --daemon": "lvs: unknown option --daemon\nhint: lvs director run --help\n",
		"director stop": "lvs: unknown command \"director stop\"\n" +
			"hint: did you mean lvs director drain?\n",
	} {
		t.Run(line, func(t *testing.T) {
			app, _, errs := testApp(nil)
			if status := app.Run(t.Context(), strings.Fields(line)); status != exitUsage || errs.String() != want {
				t.Errorf("exit status %d: %s", status, errs)
			}
		})
	}
}
