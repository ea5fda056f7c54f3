package commands

import "testing"

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
