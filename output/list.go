package output

import "slices"

// printList writes a list of any kind but the two hot ones. encode gives the
// row struct of an item.
func printList[T any](p *Printer, k *kind[T], items []T, encode func(*T) any) error {
	items, err := arrange(p, k, items)
	if err != nil {
		return err
	}
	if p.rowFormat() {
		return printRows(p, k, items)
	}
	d := p.document(k.name, false)
	for i := range items {
		if err := d.value(encode(&items[i])); err != nil {
			return err
		}
	}
	return d.close()
}

// printOne writes a document with a single item. There is nothing to filter or
// to sort, but wrong keys are refused as everywhere.
func printOne[T any](p *Printer, k *kind[T], item T, encode func(*T) any) error {
	items, err := arrange(p, k, []T{item})
	if err != nil {
		return err
	}
	if p.rowFormat() {
		return printRows(p, k, items)
	}
	d := p.document(k.name, true)
	if err := d.value(encode(&item)); err != nil {
		return err
	}
	return d.close()
}

// arrange filters and sorts a copy.
func arrange[T any](p *Printer, k *kind[T], items []T) ([]T, error) {
	conditions, err := tests(p, k)
	if err != nil {
		return nil, err
	}
	order, err := k.order(&p.o)
	if err != nil {
		return nil, err
	}
	if len(conditions) > 0 {
		kept := make([]T, 0, len(items))
		for i := range items {
			if allHold(conditions, &items[i]) {
				kept = append(kept, items[i])
			}
		}
		items = kept
	}
	if order != nil {
		items = slices.Clone(items)
		slices.SortStableFunc(items, func(a, b T) int { return order(&a, &b) })
	}
	return items, nil
}

func printRows[T any](p *Printer, k *kind[T], items []T) error {
	w, err := rows(p, k)
	if err != nil {
		return err
	}
	for i := range items {
		if err := w.row(&items[i]); err != nil {
			return err
		}
	}
	return w.close()
}
