package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lvs/lab"
)

// Limits for what all packages of the program do before main. Each package that initialises
// something costs one or two page faults, and one more for each page of its memory
// (docs/decisions/0004-start-up.md). Before you raise a limit, measure the cost: make build
// lab, bin/lab bench 20 start.
const (
	startPackages = 120
	startBytes    = 352 << 10
	startAllocs   = 3050
)

// startBudget returns how many bytes a package may allocate at start. Packages of others
// that need more are named. Ours must not fill tables at start.
func startBudget(pkg string) int {
	switch pkg {
	case "github.com/itchyny/gojq": // the definitions of jq's functions
		return 224 << 10
	case "github.com/charmbracelet/ultraviolet", "github.com/olekukonko/tablewriter":
		return 28 << 10
	case "vendor/golang.org/x/net/http2/hpack", // with net/http, for the socket of a director
		"github.com/vishvananda/netlink": // links, addresses and routes for a director
		return 8 << 10
	case "github.com/charmbracelet/x/ansi", "unicode":
		return 14 << 10
	}
	if strings.HasPrefix(pkg, "lvs/") {
		return 1 << 10
	}
	return 5 << 10
}

// TestStart counts what is initialised. Unlike the time, this is the same on every machine.
func TestStart(t *testing.T) {
	packages, all, allocs := 0, 0, 0
	for line := range strings.Lines(string(initTrace(t))) {
		// init PACKAGE @0.1 ms, 0.2 ms clock, 3 bytes, 4 allocs
		f := strings.Fields(line)
		if len(f) != 11 || f[0] != "init" {
			continue
		}
		size, err1 := strconv.Atoi(f[7])
		n, err2 := strconv.Atoi(f[9])
		if err1 != nil || err2 != nil {
			t.Fatalf("unknown line %q", line)
		}
		packages, all, allocs = packages+1, all+size, allocs+n
		if limit := startBudget(f[1]); size > limit {
			t.Errorf("%s allocates %d bytes at start, want at most %d", f[1], size, limit)
		}
	}
	if packages == 0 {
		t.Fatal("nothing was traced")
	}
	if packages > startPackages || all > startBytes || allocs > startAllocs {
		t.Errorf("at start %d packages allocate %d bytes in %d pieces, want at most %d, %d and %d",
			packages, all, allocs, startPackages, startBytes, startAllocs)
	}
}

// initTrace returns what the runtime reports about the initialisation of the program, built
// as for a release.
func initTrace(t *testing.T) []byte {
	t.Helper()
	if os.Getenv(lab.InLabVariable) != "" {
		t.Skip("about the program, not the kernel")
	}
	lvs := filepath.Join(t.TempDir(), "lvs")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", lvs, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	version := exec.Command(lvs, "version")
	version.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var errs bytes.Buffer
	version.Stderr = &errs
	if err := version.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	return errs.Bytes()
}
