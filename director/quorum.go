package director

// amount is what a server counts for the quorum.
func (d *deciding) amount(i int) int64 {
	if d.ByWeight {
		return int64(d.Members[i].Weight)
	}
	return 1
}

func (d *deciding) limits() (down, up int64) {
	down = max(d.Down, 1)
	return down, max(d.Up, down)
}

// quorum decides whether the service is up.
func (d *deciding) quorum() {
	var available, judged, open int64
	for i := range d.classes {
		c := &d.classes[i]
		switch {
		case c.waits && c.base > 0 && c.out == "":
			open += d.amount(i)
		case c.available() && c.unknown:
			available += d.amount(i)
			open += d.amount(i)
		case c.available():
			available += d.amount(i)
			judged += d.amount(i)
		}
	}
	down, up := d.limits()
	state := d.in.State
	switch {
	case state == ServiceUp && available < down:
		state = ServiceDown
	case state == ServiceDown && available >= up:
		state = ServiceUp
	case state == ServiceUp || state == ServiceDown:
	case judged >= up, open == 0 && judged >= down:
		state = ServiceUp
	case judged+open < down:
		state = ServiceDown
	default:
		state = ServiceUnknown
	}
	d.aim.State, d.aim.Since = state, d.in.Since
	if state != d.in.State || d.in.Since.IsZero() {
		d.aim.Since = d.now
	}
}

// tiers decides which tiers are in use: the first ones that have the quorum together.
func (d *deciding) tiers() {
	last := 0
	for i := range d.Members {
		last = max(last, d.Members[i].Tier)
	}
	down, up := d.limits()
	tier := 0
	for ; tier < last; tier++ {
		need := down
		if tier < d.in.Tier {
			need = up
		}
		var sum int64
		for i := range d.classes {
			c := &d.classes[i]
			mayBe := c.waits && d.aim.State == ServiceUnknown && c.base > 0 && c.out == ""
			if d.Members[i].Tier <= tier && (c.available() || mayBe) {
				sum += d.amount(i)
			}
		}
		if sum >= need {
			break
		}
	}
	d.aim.Tier = tier
}
