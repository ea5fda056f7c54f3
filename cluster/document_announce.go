package cluster

import "net/netip"

func (b *BGP) document() object {
	o := object{{"as", b.AS}}
	o = put(o, "routerID", addressText(b.RouterID))
	peers := make(list, len(b.Peers))
	for i := range b.Peers {
		peers[i] = b.Peers[i].document()
	}
	o = putIf(o, "peers", peers, len(peers) > 0)
	o = putIf(o, "communities", words(b.Communities), len(b.Communities) > 0)
	if b.MED != nil {
		o = append(o, member{"med", *b.MED})
	}
	if b.LocalPref != nil {
		o = append(o, member{"localPref", *b.LocalPref})
	}
	o = put(o, "nextHop", addressText(b.NextHop))
	o = put(o, "upDelay", duration(b.UpDelay))
	o = put(o, "lastResort", b.LastResort)
	return put(o, "via", b.Via)
}

func (p *BGPPeer) document() small {
	o := object{{"address", addressText(p.Address)}, {"as", p.AS}}
	o = put(o, "port", int(p.Port))
	o = put(o, "passwordFile", p.PasswordFile)
	o = put(o, "multihop", int(p.Multihop))
	o = put(o, "ttlSecurity", p.TTLSecurity)
	o = put(o, "passive", p.Passive)
	o = put(o, "hold", duration(p.Hold))
	o = put(o, "keepalive", duration(p.Keepalive))
	return small(put(o, "gracefulRestart", p.GracefulRestart))
}

func (v *Overflow) document() object {
	o := put(put(nil, "high", v.High.node()), "low", v.Low.node())
	o = put(put(o, "maxShare", v.MaxShare.node()), "sustain", duration(v.Sustain))
	peers := make(list, len(v.Peers))
	for i, p := range v.Peers {
		peer := put(put(nil, "name", p.Name), "director", addressText(p.Director))
		peers[i] = small(put(peer, "keyFile", p.KeyFile))
	}
	return putIf(o, "peers", peers, len(peers) > 0)
}

func (d *Director) document() small {
	return small(put(put(put(nil, "onStop", d.OnStop), "drift", d.Drift), "sysctl", d.Sysctl))
}

// addressText gives nothing for an invalid address.
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
