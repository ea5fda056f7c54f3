package output

// Style is a look from the 16 colours that every terminal has.
type Style uint8

// The styles. NoStyle writes no escape at all.
const (
	NoStyle Style = iota
	Bold
	Dim
	Red
	Yellow
	Green
)

// start is the escape sequence (SGR) that turns the style on.
func (s Style) start() string {
	switch s {
	case Bold:
		return "\x1b[1m"
	case Dim:
		return "\x1b[2m"
	case Red:
		return "\x1b[31m"
	case Yellow:
		return "\x1b[33m"
	case Green:
		return "\x1b[32m"
	}
	return ""
}

const styleEnd = "\x1b[0m"

// Paint wraps text in the style. NoStyle returns it as it is.
func (s Style) Paint(text string) string {
	if s == NoStyle {
		return text
	}
	return s.start() + text + styleEnd
}
