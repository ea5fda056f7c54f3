package kernel

// Options say where Open connects.
type Options struct {
	// Netns is a network namespace: a name as in ip netns, a path, or pid:N.
	// Empty is the caller's own.
	Netns string
	// Alone says that the process does nothing while it waits for the kernel.
	// Reading is then not told to the Go scheduler, which saves 5 to 20 % of the
	// time of 1,000 services. With other goroutines the process would stand
	// still when a reader has to wait: IPVS locks its table while it loads a
	// scheduler's module.
	Alone bool
}
