#!/bin/bash
# Software:  github.com/mattn/go-runewidth v0.0.26 and v0.0.27, beside v0.0.28. It measures the width of text on a
#            terminal, and comes with most libraries for tables and screens.
# Behaviour: A program that only imports it takes some 20 ms longer to start: the package computes a table before main
#            runs, whether or not a width is ever asked for. v0.0.25 and older, and v0.0.28, take less than 0.2 ms.
# Source:    The runtime reports it: GODEBUG=inittrace=1 (documentation of package runtime).
# Matters:   A command that scripts start thousands of times. github.com/charmbracelet/x/ansi v0.11 would be content with
#            v0.0.27, so lvs requires a later one itself, and a test of its start counts what is initialised.
# Seen:      v0.0.26 20 ms, v0.0.27 19 ms, v0.0.28 0.02 ms
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf --one-file-system "$dir"' EXIT
cd "$dir"
export GOFLAGS=-modcacherw GOTOOLCHAIN=local

cat >main.go <<'PROGRAM'
package main

import _ "github.com/mattn/go-runewidth"

func main() {}
PROGRAM

# initialised VERSION prints the least of five times that the package takes before main, in microseconds.
initialised() {
	printf 'module finding\n\ngo 1.25.0\n' >go.mod
	rm -f go.sum
	if ! go get "github.com/mattn/go-runewidth@$1" >get.log 2>&1 || ! go build -o program . >>get.log 2>&1; then
		echo "go-runewidth $1 is not available" >&2
		exit 2
	fi
	for _ in 1 2 3 4 5; do GODEBUG=inittrace=1 ./program 2>&1; done |
		awk '$2 == "github.com/mattn/go-runewidth" { us = $5 * 1000; if (n++ == 0 || us < least) least = us }
			END { if (n == 0) least = 0; printf "%d\n", least }'
}

for version in v0.0.26 v0.0.27 v0.0.28; do
	us=$(initialised "$version")
	echo "$version takes $us µs at start"
	eval "us_${version//./_}=$us"
done

# Ratios, not times: machines differ.
if [ "$us_v0_0_26" -gt $((20 * (us_v0_0_28 + 10))) ] && [ "$us_v0_0_27" -gt $((20 * (us_v0_0_28 + 10))) ]; then
	exit 0
fi
echo "the behaviour has changed"
exit 1
