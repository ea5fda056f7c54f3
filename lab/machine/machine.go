// Package machine finds, fetches and boots a Linux kernel that has IPVS, and
// runs commands in it: the host's own kernel in fresh namespaces, User Mode
// Linux, or Debian's kernels in QEMU. It knows nothing of Go tests, clusters
// or IPVS itself; that is the lab's package above it.
//
// The same static binary is the host's side and process 1 of the guest. Both
// speak over one stream of events.
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
	// Kind is "host", "uml" or "qemu".
	Kind() string
	// Describe says in a few words what is booted.
	Describe() string
	// Run boots, runs the job and halts. Each event goes to see, from one
	// goroutine. The error says why the job did not come to its end; a
	// command that fails is no error.
	Run(ctx context.Context, job *Job, see func(Event)) error
}

// Choose returns the machine that LVS_LAB names, or else the first that works
// here: host, uml, qemu. What it needs is fetched.
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
		return nil, fmt.Errorf("no kernel with IPVS can be had here: %w", joinLine(errs))
	case "host":
		return openHost(ctx, cache)
	case "uml":
		return openUML(ctx, cache)
	case "qemu":
		return openQEMU(ctx, cache)
	default:
		return nil, fmt.Errorf("LVS_LAB=%s: it may be host, uml or qemu", kind)
	}
}

// Fetch downloads what the kernel that LVS_LAB names needs, User Mode Linux by
// default, for a machine that will be without a network later.
func Fetch(ctx context.Context, cache *Cache) error {
	if os.Getenv("LVS_LAB") == "qemu" {
		_, err := openQEMU(ctx, cache)
		return err
	}
	_, err := openUML(ctx, cache)
	return err
}

// joinLine joins errors in one line.
func joinLine(errs []error) error {
	var texts []string
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	return errors.New(strings.Join(texts, "; "))
}
