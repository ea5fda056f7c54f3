package commands

import "testing"

// Other words stand for verbs that exist, and are not verbs themselves.
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
