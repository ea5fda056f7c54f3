package cluster

import "slices"

// nodes collects the parts of lists and objects, and keeps them close to one
// another in few large pieces.
type nodes struct {
	// open are the parts of what is being read, the innermost last.
	open []tree
	// free is what is left of the present piece.
	piece, free []tree
}

// pieceLen is how many nodes one piece has.
const pieceLen = 1024

// close takes the open parts from a place on.
func (n *nodes) close(from int) []tree {
	size := len(n.open) - from
	if size > len(n.free) {
		if size > pieceLen/4 {
			out := slices.Clone(n.open[from:])
			n.open = n.open[:from]
			return out
		}
		n.piece = make([]tree, pieceLen)
		n.free = n.piece
	}
	out := n.free[:size:size]
	n.free = n.free[size:]
	copy(out, n.open[from:])
	n.open = n.open[:from]
	return out
}

// reset gives all that was closed to who comes next.
func (n *nodes) reset() { n.open, n.free = n.open[:0], n.piece }
