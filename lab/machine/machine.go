// Package machine finds, fetches and boots a Linux kernel that has IPVS, and
// runs commands in it: the host's own kernel in fresh namespaces, User Mode
// Linux, or Debian's kernels in QEMU. It knows nothing of Go tests, clusters or
// IPVS itself: those belong to the packages lab and lab/run.
//
// The same static binary runs on the host and as process 1 of the guest. The
// guest reports to the host in one stream of events.
package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Machine is a kernel that can be booted, once for each job.
type Machine interface {
	// Kind returns "host", "uml" or "qemu".
	Kind() string
	// Describe returns in a few words what is booted.
	Describe() string
	// Run boots, runs the job and halts. It calls see with each event, from
	// one goroutine. The error is why the job did not run to its end; it
	// is nil if only a command failed.
	Run(ctx context.Context, job *Job, see func(Event)) error
}

// Choose returns the machine that LVS_LAB names, or, without it, the first that
// works here: host, uml, qemu. It fetches what the machine needs.
func Choose(ctx context.Context, cache *Cache) (Machine, error) {
	switch kind := os.Getenv("LVS_LAB"); kind {
	case "":
		var errs []error
		for _, open := range []func(context.Context, *Cache) (Machine, error){openHost, openUML, openQEMU} {
			m, err := open(ctx, cache)
			if err == nil {
				return m, nil
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			errs = append(errs, err)
		}
		return nil, fmt.Errorf("no kernel with IPVS is available: %w", joinLine(errs))
	case "host":
		return openHost(ctx, cache)
	case "uml":
		return openUML(ctx, cache)
	case "qemu":
		return openQEMU(ctx, cache)
	default:
		return nil, fmt.Errorf("invalid LVS_LAB %q: want host, uml or qemu", kind)
	}
}

// Fetch downloads what the machine that LVS_LAB names needs, by default User Mode
// Linux, for later use without a network.
func Fetch(ctx context.Context, cache *Cache) error {
	if os.Getenv("LVS_LAB") == "qemu" {
		_, err := openQEMU(ctx, cache)
		return err
	}
	_, err := openUML(ctx, cache)
	return err
}

// joinLine joins errors into one line.
func joinLine(errs []error) error {
	var texts []string
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	return errors.New(strings.Join(texts, "; "))
}
