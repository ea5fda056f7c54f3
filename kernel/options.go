package kernel

// Options say where Open connects.
type Options struct {
	// Netns is a network namespace: a name as in ip netns, a path, or pid:N.
	// Empty is the caller's own.
	Netns string
}
