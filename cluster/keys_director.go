package cluster

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"lvs/plan"
)

func (t *tables) overflowRecord() record[Overflow] {
	return record[Overflow]{id: "Overflow", title: "Overflow", words: "an object with high, low and peers",
		doc:   "How a full cluster shares its load with others.",
		after: checkOverflow,
		keys: []key[Overflow]{
			at("high", part(), func(o *Overflow) *Share { return &o.High }, about{
				doc: "Above that load other clusters are asked to help.", example: "80%", needed: true}),
			at("low", part(), func(o *Overflow) *Share { return &o.Low }, about{
				doc: "Below that load they are let go.", example: "60%", needed: true}),
			at("sustain", period(0, maxInterval, time.Millisecond), func(o *Overflow) *time.Duration { return &o.Sustain }, about{
				doc: "How long the load must be so.", value: "5s", example: "10s"}),
			at("maxShare", part(), func(o *Overflow) *Share { return &o.MaxShare }, about{
				doc: "The largest part of the traffic that is given away.", value: "50%", example: "30%"}),
			at("peers", listOf("a list of clusters", t.helper.form()), func(o *Overflow) *[]OverflowPeer { return &o.Peers }, about{
				doc: "The other clusters.", example: "[{name: frankfurt, director: 203.0.113.2, keyFile: frankfurt.key}]", needed: true}),
		}}
}

func helperRecord() record[OverflowPeer] {
	return record[OverflowPeer]{id: "OverflowPeer", title: "Other clusters", words: "an object with name, director and keyFile",
		doc: "Another cluster.",
		keys: []key[OverflowPeer]{
			at("name", text("a text"), func(p *OverflowPeer) *string { return &p.Name }, about{
				doc: "Its name.", example: "frankfurt", needed: true}),
			at("director", parsed("an address", parseUnicast), func(p *OverflowPeer) *netip.Addr { return &p.Director }, about{
				doc: "Its director's address.", example: "203.0.113.2", needed: true}),
			at("keyFile", text("the path of a file"), func(p *OverflowPeer) *string { return &p.KeyFile }, about{
				doc: "A file with the key that both share; a relative path begins at the cluster file.", example: "frankfurt.key", needed: true}),
		}}
}

func checkOverflow(d *decoder, v *tree, o *Overflow) {
	if o.High != (Share{}) && o.Low.N >= o.High.N {
		d.fault(v.find("low"), fmt.Sprintf("low is not below high, which is %d%%", o.High.N), "")
	}
	if peers := v.member("peers"); peers != nil && peers.kind == isList && len(peers.items) == 0 {
		d.fault(peers, "peers is empty", "leave out overflow")
	}
	for i := range o.Peers {
		if slices.ContainsFunc(o.Peers[:i], func(p OverflowPeer) bool { return p.Name == o.Peers[i].Name && p.Name != "" }) {
			d.fault(v.find("peers", i, "name"), "the cluster "+plan.Quote(o.Peers[i].Name)+" stands here again", "")
		}
	}
}

func directorRecord() record[Director] {
	return record[Director]{id: "Director", title: "The director", words: "an object with onStop, drift and sysctl",
		doc: "How the director itself behaves.",
		keys: []key[Director]{
			at("onStop", oneOf("keep", "withdraw", "remove"), func(o *Director) *string { return &o.OnStop }, about{
				doc: "What becomes of the table when the director stops: it stays, it stays and addresses are no longer announced, or its services go.", value: "keep", example: "withdraw"}),
			at("drift", oneOf("repair", "report"), func(o *Director) *string { return &o.Drift }, about{
				doc: "What is done about changes that others make to the table.", value: "repair", example: "report"}),
			at("sysctl", oneOf("check", "set"), func(o *Director) *string { return &o.Sysctl }, about{
				doc: "Whether kernel settings that the file needs are looked at, or set.", value: "check", example: "set"}),
		}}
}
