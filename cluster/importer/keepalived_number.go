package importer

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
)

// confDigits splits a word after the number that it begins with, which may have a sign,
// as strtoul does.
func confDigits(s string) (value uint64, negative bool, rest string, fits bool) {
	digits := strings.TrimPrefix(s, "+")
	if digits == s {
		digits, negative = strings.CutPrefix(s, "-")
	}
	end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(digits)
	}
	if end == 0 {
		return 0, false, s, true
	}
	value, err := strconv.ParseUint(digits[:end], 10, 64)
	return value, negative, digits[end:], err == nil
}

// number reads a word as keepalived reads most numbers: what follows the digits is
// ignored. It returns false if the setting is ignored.
func (k *keepalived) number(n *confNode, i int, low, high int64) (int64, bool) {
	word := n.word(i)
	v, negative, rest, fits := confDigits(word)
	if !fits || negative || v < uint64(low) || v > uint64(high) {
		k.ignored(n, i, "want a number from "+strconv.FormatInt(low, 10)+" to "+strconv.FormatInt(high, 10))
		return 0, false
	}
	if rest != "" || word == "" {
		k.note(n.place, "%s %q became %d, as in keepalived", n.words[0], word, v)
	}
	return int64(v), true
}

// exact reads a word as keepalived reads some numbers: the setting is ignored if the word
// is not only digits.
func (k *keepalived) exact(n *confNode, i int, low, high int64) (int64, bool) {
	if _, _, rest, _ := confDigits(n.word(i)); rest != "" {
		k.ignored(n, i, "want a number from "+strconv.FormatInt(low, 10)+" to "+strconv.FormatInt(high, 10))
		return 0, false
	}
	return k.number(n, i, low, high)
}

// ignored notes a setting that keepalived ignores because of a word.
func (k *keepalived) ignored(n *confNode, i int, why string) {
	k.note(n.place, "%s is ignored, as in keepalived: invalid %q: %s", n.words[0], n.word(i), why)
}

// boolean reads on and off in all their forms. A setting without a value is on, and an
// invalid one does not change the value.
func (k *keepalived) boolean(n *confNode, value bool) bool {
	switch n.word(1) {
	case "", "on", "true", "yes":
		return true
	case "off", "false", "no":
		return false
	}
	k.ignored(n, 1, "want on or off")
	return value
}

// longestTimer is the largest number of seconds that is read, a year.
const longestTimer = 365 * 24 * 3600

// timer reads seconds, possibly with a fraction. It returns the old value if keepalived
// ignores the new one, which zero only may be for some settings.
func (k *keepalived) timer(n *confNode, zero bool, old time.Duration) time.Duration {
	word := n.word(1)
	digits := word[:len(word)-len(strings.TrimLeft(word, "0123456789"))]
	if fraction, ok := strings.CutPrefix(word[len(digits):], "."); ok {
		digits += "." + fraction[:len(fraction)-len(strings.TrimLeft(fraction, "0123456789"))]
	}
	seconds, err := strconv.ParseFloat(strings.TrimRight("0"+digits, "."), 64)
	switch {
	case err != nil || strings.HasPrefix(word, "-"), seconds <= 0 && !zero:
		k.ignored(n, 1, "want a number of seconds")
		return old
	case digits != word:
		k.note(n.place, "%s %q became %v seconds, as in keepalived", n.words[0], word, seconds)
	}
	return time.Duration(min(seconds, longestTimer) * float64(time.Second))
}

// confAddress reads an address. keepalived ignores what follows a slash or a dash.
func confAddress(s string) (addr netip.Addr, rest string, ok bool) {
	if i := strings.IndexAny(s, "/-"); i >= 0 {
		s, rest = s[:i], s[i:]
	}
	addr, err := netip.ParseAddr(s)
	return addr, rest, err == nil && addr.Zone() == ""
}

// confPort reads a port; nothing and 0 are every port. It ignores what follows the digits.
func confPort(s string) (port uint16, rest string, ok bool) {
	v, negative, rest, fits := confDigits(s)
	zero := s == "" || strings.Trim(s, "0") == ""
	return uint16(v), rest, fits && !negative && v <= 65535 && (v > 0 || zero)
}

// confMark reads a firewall mark.
func confMark(s string) (mark uint32, rest string, ok bool) {
	v, negative, rest, fits := confDigits(s)
	return uint32(v), rest, fits && !negative && v <= 1<<32-1
}

// leftOutBlock returns why keepalived leaves out a virtual_server or a real_server.
func leftOutBlock(n *confNode) string {
	switch n.words[0] {
	case "virtual_server":
		switch n.word(1) {
		case "group":
			return ""
		case "fwmark":
			if _, _, ok := confMark(n.word(2)); !ok {
				return "invalid mark " + strconv.Quote(n.word(2)) + ": want a number from 1 to 4294967295"
			}
			return ""
		}
	case "real_server":
	default:
		return ""
	}
	return badEndpoint(n, 1)
}

// badEndpoint returns what is wrong with an address and a port, if anything.
func badEndpoint(n *confNode, i int) string {
	if _, _, ok := confAddress(n.word(i)); !ok {
		return "invalid address " + strconv.Quote(n.word(i)) + ": want an IP address"
	}
	if _, _, ok := confPort(n.word(i + 1)); !ok {
		return "invalid port " + strconv.Quote(n.word(i+1)) + ": want a number from 0 to 65535"
	}
	return ""
}

// endpoint reads an address and a port that are valid. It notes what keepalived ignores
// of them.
func (k *keepalived) endpoint(n *confNode, i int) (netip.Addr, uint16) {
	addr, rest, _ := confAddress(n.word(i))
	if rest != "" && rest != "/"+strconv.Itoa(addr.BitLen()) {
		k.note(n.place, "%q after %s is ignored, as in keepalived", rest, addr)
	}
	port, rest, _ := confPort(n.word(i + 1))
	if rest != "" {
		k.note(n.place, "port %q became %d, as in keepalived", n.word(i+1), port)
	}
	return addr, port
}

// refusedServer reports whether the kernel refuses an address as that of a server.
func refusedServer(a netip.Addr) bool {
	if a.Is4() {
		return a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
	}
	return a.IsUnspecified() || a.IsMulticast() || a.Is4In6() || a.IsLinkLocalUnicast()
}

// familyOf returns the family of an address word.
func familyOf(word string) kernel.Family {
	addr, _, _ := confAddress(word)
	return kernel.FamilyOf(addr)
}
