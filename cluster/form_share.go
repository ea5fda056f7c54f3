package cluster

import (
	"strconv"
	"strings"

	"lvs/plan"
)

// share is a number of servers, or a part of them.
func share() form[Share] {
	s := shape{words: "a number of servers, or a part of them such as 30%", either: []shape{
		{kind: "integer", low: 1, high: 65535}, {kind: "string", pattern: percentPattern}}}
	return form[Share]{s, func(d *decoder, t *tree) (Share, bool) {
		if n, err := strconv.ParseUint(t.text, 10, 16); err == nil && n > 0 && t.kind == isNumber {
			return Share{N: int(n)}, true
		}
		return d.percent(t, s)
	}}
}

const percentPattern = `^([1-9]|[1-9][0-9]|100)%$`

// part is a share in percent.
func part() form[Share] {
	s := shape{words: "a part such as 80%, at most 100%", kind: "string", pattern: percentPattern}
	return form[Share]{s, func(d *decoder, t *tree) (Share, bool) { return d.percent(t, s) }}
}

func (d *decoder) percent(t *tree, s shape) (Share, bool) {
	digits, ok := strings.CutSuffix(t.text, "%")
	n, err := strconv.ParseUint(digits, 10, 8)
	if t.kind != isText || !ok || err != nil || n < 1 || n > 100 || digits[0] == '0' {
		d.refuse(t, s)
		return Share{}, false
	}
	return Share{N: int(n), Percent: true}, true
}

// statusCodes are HTTP status codes: a number, or a range.
func statusCodes() form[StatusRange] {
	s := shape{words: "a status such as 404, or a range such as 200-399", either: []shape{
		{kind: "integer", low: 100, high: 599}, {kind: "string", pattern: `^[1-5][0-9][0-9]-[1-5][0-9][0-9]$`}}}
	return form[StatusRange]{s, func(d *decoder, t *tree) (r StatusRange, ok bool) {
		low, high, isRange := strings.Cut(t.text, "-")
		if !isRange {
			high = low
		}
		from, errFrom := strconv.ParseUint(low, 10, 16)
		to, errTo := strconv.ParseUint(high, 10, 16)
		switch {
		case errFrom != nil, errTo != nil, isRange != (t.kind == isText), from < 100, to < 100, from > 599, to > 599:
			d.refuse(t, s)
		case from > to:
			d.fault(t, plan.Quote(t.text)+" ends before it begins", "")
		default:
			return StatusRange{int(from), int(to)}, true
		}
		return r, false
	}}
}
