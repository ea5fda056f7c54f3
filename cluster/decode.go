package cluster

// decoder makes a File of a tree, and keeps what is wrong with it.
type decoder struct {
	source *Source
	tables *tables
	faults Faults
	// count is how many faults there were, also beyond those kept.
	count int
	// given is set where the services were read before the file.
	given bool
	// key is the one whose value is read, for faults.
	key string
}

// fault keeps a fault at a place.
func (d *decoder) fault(t *tree, why, hint string) {
	d.count++
	if !d.faults.Full() {
		d.faults.Add(d.source.fault(int(t.line), int(t.column), why, hint))
	}
}

// refuse tells that a value is not of the form that its key has.
func (d *decoder) refuse(t *tree, s shape) { d.fault(t, d.key+" is "+s.words+", not "+t.what(), "") }

// file reads the document, key by key.
func (d *decoder) file(root *tree, f *File) {
	d.key = "a cluster file"
	d.tables.file.read(d, root, f)
}
