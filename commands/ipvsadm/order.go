package ipvsadm

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Services returns the services of a table in ipvsadm's order. The comparison is not
// always transitive (see difference): if three addresses are far apart, the result
// depends on the order before, which is the kernel's.
func Services(s *kernel.Snapshot) []*kernel.ServiceEntry {
	var o order[kernel.ServiceEntry]
	return o.sort(kernelOrder(s), compareServices)
}

// kernelOrder returns the services in the order in which the kernel listed them, or
// in the order of the snapshot if that is not known.
func kernelOrder(s *kernel.Snapshot) []*kernel.ServiceEntry {
	if s.Order == nil {
		return pointers(nil, s.Services)
	}
	listed := make([]*kernel.ServiceEntry, len(s.Order))
	for i, at := range s.Order {
		listed[i] = &s.Services[at]
	}
	return listed
}

func compareServices(a, b *kernel.ServiceEntry) int {
	return cmp.Or(
		difference(a.FWMark, b.FWMark),
		int(a.Family)-int(b.Family),
		int(a.Protocol)-int(b.Protocol),
		compareAddrs(a.Addr, b.Addr),
		int(a.Port)-int(b.Port),
	)
}

func compareServers(a, b *kernel.ServerEntry) int {
	if d := compareAddrs(a.Addr.Addr(), b.Addr.Addr()); d != 0 {
		return d
	}
	return int(a.Addr.Port()) - int(b.Addr.Port())
}

// compareAddrs compares four words of 32 bits. An IPv4 address is the first word, also
// if the other address is IPv6.
func compareAddrs(a, b netip.Addr) int {
	if a.Is4() && b.Is4() { // the common case: the same result, but faster
		x, y := a.As4(), b.As4()
		return difference(binary.BigEndian.Uint32(x[:]), binary.BigEndian.Uint32(y[:]))
	}
	x, y := addrWords(a), addrWords(b)
	for i := range x {
		if d := difference(x[i], y[i]); d != 0 {
			return d
		}
	}
	return 0
}

func addrWords(a netip.Addr) (w [4]uint32) {
	switch {
	case a.Is4():
		b := a.As4()
		w[0] = binary.BigEndian.Uint32(b[:])
	case a.Is6():
		b := a.As16()
		for i := range w {
			w[i] = binary.BigEndian.Uint32(b[4*i:])
		}
	}
	return w
}

// difference returns a number with the sign of a subtraction in 32 bits, which wraps:
// 192.168.0.1 comes before 10.0.0.1.
func difference(a, b uint32) int { return int(int32(a - b)) }

// pointers appends a pointer to each element.
func pointers[T any](to []*T, list []T) []*T {
	for i := range list {
		to = append(to, &list[i])
	}
	return to
}

// order sorts lists one after another and reuses its memory.
type order[T any] struct {
	list, spare []*T
}

// of returns pointers to the elements of a list, sorted if there is a comparison. They
// are valid until the next call. The list itself is not changed.
func (o *order[T]) of(list []T, compare func(a, b *T) int) []*T {
	o.list = pointers(slices.Grow(o.list[:0], len(list)), list)
	if compare == nil {
		return o.list
	}
	return o.sort(o.list, compare)
}

// sort is a stable top-down merge sort, with the smaller half first. With a comparison
// that is not transitive another algorithm has another result.
func (o *order[T]) sort(list []*T, compare func(a, b *T) int) []*T {
	o.spare = slices.Grow(o.spare[:0], len(list))
	o.merge(list, compare)
	return list
}

func (o *order[T]) merge(list []*T, compare func(a, b *T) int) {
	if len(list) < 2 {
		return
	}
	half := len(list) / 2
	left, right := list[:half], list[half:]
	o.merge(left, compare)
	o.merge(right, compare)
	merged := o.spare[:0]
	for len(left) > 0 && len(right) > 0 {
		if compare(left[0], right[0]) <= 0 {
			merged, left = append(merged, left[0]), left[1:]
		} else {
			merged, right = append(merged, right[0]), right[1:]
		}
	}
	merged = append(merged, left...)
	copy(list, merged)
}
