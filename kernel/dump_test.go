package kernel

import "testing"

// serverAnswer is a server with all attributes that Linux 7.2 tells of one, in
// its order (ip_vs_genl_fill_dest of ip_vs_ctl.c).
func serverAnswer() []byte {
	stats := func(b []byte, typ uint16, width uint64) []byte {
		b, at := openNest(b, typ)
		for _, s := range []uint16{statConns, statInPkts, statOutPkts, statInBytes, statOutBytes, statCPS, statInPPS, statOutPPS, statInBPS, statOutBPS} {
			if width > 0 || s == statInBytes || s == statOutBytes {
				b = host.AppendUint64(appendAttrHeader(b, s, 8), uint64(s)+width)
			} else {
				b = appendU32(b, s, uint32(s))
			}
		}
		return closeNest(b, at)
	}
	b := appendBytes(nil, destAddr, []byte{10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	b = appendPort(b, destPort, 80)
	b = appendU32(b, destForward, uint32(Direct))
	b = appendU32(b, destWeight, 7)
	b = appendU8(b, destTunType, 0)
	b = appendPort(b, destTunPort, 0)
	b = appendU16(b, destTunFlags, 0)
	for _, a := range []uint16{destUpper, destLower, destActive, destInactive, destPersistent} {
		b = appendU32(b, a, uint32(a))
	}
	b = appendU16(b, destFamily, uint16(IPv4))
	return stats(stats(b, destStats, 0), destStats64, 1<<40)
}

func BenchmarkDecodeServer(b *testing.B) {
	answer := serverAnswer()
	for b.Loop() {
		var e ServerEntry
		if err := decodeServer(answer, IPv4, &e); err != nil {
			b.Fatal(err)
		}
	}
}
