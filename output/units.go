package output

import (
	"strconv"
	"time"
)

// unit is what a column's numbers count.
type unit uint8

const (
	count   unit = iota // shown in full
	scaled              // a large count: shortened for people (12.3M)
	seconds             // shown as a duration (6m), in CSV as seconds
)

// Scaled gives a number in at most five characters, decimal: 999, 1.2K, 34.5M,
// 678G. It cuts, never rounds up: 999,999 is 999K.
func Scaled(n uint64) string { return string(appendScaled(nil, n)) }

func appendScaled(b []byte, n uint64) []byte {
	if n < 1000 {
		return strconv.AppendUint(b, n, 10)
	}
	const letters = "KMGTPE"
	i, div := 0, uint64(1000)
	for n/div >= 1000 && i < len(letters)-1 {
		div *= 1000
		i++
	}
	b = strconv.AppendUint(b, n/div, 10)
	if n/div < 100 {
		b = append(b, '.', '0'+byte(n%div/(div/10)))
	}
	return append(b, letters[i])
}

// Duration gives a duration in whole seconds without empty parts: 45s, 6m,
// 1h30m, 26h0m5s is 26h5s. Zero is 0s.
func Duration(d time.Duration) string { return string(appendDuration(nil, d)) }

func appendDuration(b []byte, d time.Duration) []byte {
	if d < 0 {
		b, d = append(b, '-'), -d
	}
	s := uint64(d / time.Second)
	if s == 0 {
		return append(b, "0s"...)
	}
	for _, part := range [...]struct {
		seconds uint64
		letter  byte
	}{{3600, 'h'}, {60, 'm'}, {1, 's'}} {
		if n := s / part.seconds; n > 0 {
			b = append(strconv.AppendUint(b, n, 10), part.letter)
			s %= part.seconds
		}
	}
	return b
}

// appendNumber writes a number for a table: shortened where people read it.
func (u unit) appendNumber(b []byte, n uint64, human bool) []byte {
	switch {
	case u == seconds:
		return appendDuration(b, time.Duration(n)*time.Second)
	case u == scaled && human:
		return appendScaled(b, n)
	}
	return strconv.AppendUint(b, n, 10)
}
