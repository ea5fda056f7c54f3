package commands

import "testing"

// Other words are for verbs that exist, and are none themselves.
func TestOtherVerbs(t *testing.T) {
	there := map[string]bool{}
	for _, v := range verbs() {
		there[v.name], there[v.alias] = true, true
	}
	for word, verb := range otherVerbs() {
		if there[word] || !there[verb] {
			t.Errorf("%s is taken for %s", word, verb)
		}
	}
}
