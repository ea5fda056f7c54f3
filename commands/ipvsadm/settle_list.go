package ipvsadm

import (
	"time"

	"lvs/kernel"
)

// clashes are the lists that exclude one another, in the order in which
// ipvsadm looks for them.
var clashes = []struct{ one, other groups }{
	{service, connections},
	{timeouts, connections},
	{daemons, connections},
	{timeouts, service},
	{daemons, service},
	{daemons, timeouts},
}

// settleList checks that one thing is listed.
func (p *parser) settleList() {
	given := p.cmd.given
	for _, c := range clashes {
		if given&c.one != 0 && given&c.other != 0 {
			p.fault(p.at(c.one), "conflicts with --"+c.other.name(),
				wrong("The option '"+c.one.name()+"' conflicts with the '"+c.other.name()+"' option in the 'list' command"))
			return
		}
	}
	strange := groups(0)
	switch {
	case given&connections != 0:
		strange = statistics | rate | thresholds
	case given&(timeouts|daemons) != 0:
		strange = statistics | rate | thresholds | persistentConn
	}
	if given&strange != 0 {
		p.fault(p.at(given&strange), "not an option of this list", wrong("options conflicts in the list command"))
	}
}

// settleTimeouts reads --set's values, which are the first words that belong
// to no option.
func (p *parser) settleTimeouts() {
	if len(p.loose) < 3 {
		p.fault(p.verbAt, "want three timeouts in seconds", wrong("--set option requires 3 timeout values"))
		p.loose = nil
		return
	}
	t := &p.cmd.timeouts
	for i, to := range []*time.Duration{&t.TCP, &t.TCPFin, &t.UDP} {
		const most = uint64(kernel.MaxPersistence / time.Second)
		w := p.loose[i]
		n, ok := number(w.text, 0, most)
		if !ok {
			p.fault(w, "want a timeout from 0 to 2678400 seconds (0 leaves it unchanged)", badTimeout(w))
		}
		*to = time.Duration(n) * time.Second
	}
	p.loose = p.loose[3:]
}
