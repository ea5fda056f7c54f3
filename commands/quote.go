package commands

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"lvs/plan"
)

// shellLine returns a command line, quoted for a shell.
func shellLine(name string, args []string) string {
	var b strings.Builder
	b.WriteString(shellWord(name))
	for _, arg := range args {
		b.WriteByte(' ')
		b.WriteString(shellWord(arg))
	}
	return b.String()
}

// here returns how to call this program for the same table.
func (a *App) here() string {
	if a.global.netns == "" {
		return a.Name
	}
	return shellLine(a.Name, []string{"--netns", a.global.netns})
}

func shellWord(s string) string {
	const plain = "-_./:=,@%+"
	switch {
	case s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune(plain, r))
	}):
		return s
	case strings.ContainsFunc(s, func(r rune) bool { return plan.Invisible(r) || r == utf8.RuneError }):
		return ansiWord(s)
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// ansiWord quotes control characters in the form $'\x1b', of POSIX 2024.
func ansiWord(s string) string {
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + "'"
}
