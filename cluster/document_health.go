package cluster

import (
	"cmp"
	"strconv"
)

// put adds what is said of a service's health.
func (h *ServiceHealth) put(o object) object {
	quorum := put(put(nil, "down", h.Down.node()), "up", h.Up.node())
	o = putIf(o, "minHealthy", small(quorum), len(quorum) > 0)
	o = put(o, "fallback", h.Fallback)
	o = put(o, "onAllDown", h.OnAllDown)
	down := put(h.OnDown.quiesce(), "then", h.OnDown.Then)
	o = putIf(o, "onDown", small(down), len(down) > 0)
	o = put(o, "maxMasked", h.MaxMasked.node())
	o = put(o, "slowStart", duration(h.SlowStart))
	return put(o, "announce", h.Announce)
}

// quiesce is what is said of it, 0s too.
func (d OnDown) quiesce() object {
	if d.Quiesce == nil {
		return nil
	}
	return object{{"quiesce", cmp.Or(duration(*d.Quiesce), "0s")}}
}

// node is 3 or 30%. Zero is nil.
func (s Share) node() node {
	switch {
	case s == Share{}:
		return nil
	case s.Percent:
		return strconv.Itoa(s.N) + "%"
	}
	return s.N
}

// putChecks adds one check as it is, several as a list.
func putChecks(o object, checks []Check) object {
	if len(checks) == 0 {
		return o
	}
	if len(checks) == 1 {
		return append(o, member{"check", checks[0].document()})
	}
	return append(o, member{"check", checksDocument(checks)})
}

func checksDocument(checks []Check) list {
	out := make(list, len(checks))
	for i := range checks {
		out[i] = checks[i].document()
	}
	return out
}

// document gives a check's name where it has one.
func (c *Check) document() node {
	if c.Ref != "" {
		return c.Ref
	}
	o := object{{"type", c.Type}}
	o = putIf(o, "of", checksDocument(c.Of), len(c.Of) > 0)
	o = c.putQuestion(o)
	o = put(o, "port", int(c.Port))
	o = put(o, "via", c.Via)
	o = put(o, "every", duration(c.Every))
	o = put(o, "fastEvery", duration(c.FastEvery))
	o = put(o, "timeout", duration(c.Timeout))
	o = put(o, "rise", c.Rise)
	return small(put(o, "fall", c.Fall))
}

// putQuestion adds what is asked, and what the answer must be.
func (c *Check) putQuestion(o object) object {
	o = put(o, "method", c.Method)
	o = put(o, "path", c.Path)
	o = put(o, "host", c.Host)
	o = put(o, "body", c.Body)
	status := make(row, len(c.Status))
	for i, r := range c.Status {
		status[i] = r.node()
	}
	o = putIf(o, "status", status, len(status) > 0)
	o = put(o, "proxy", c.Proxy)
	o = put(o, "startTLS", c.StartTLS)
	o = put(o, "serverName", c.ServerName)
	o = put(o, "verify", c.Verify)
	o = put(o, "expiry", duration(c.Expiry))
	o = put(o, "name", c.Name)
	o = put(o, "query", c.Query)
	o = put(o, "send", c.Send)
	o = put(o, "expect", c.Expect)
	o = putIf(o, "command", words(c.Command), len(c.Command) > 0)
	o = put(o, "file", c.File)
	return put(o, "baseDN", c.BaseDN)
}

func (r StatusRange) node() node {
	if r.Low == r.High {
		return r.Low
	}
	return strconv.Itoa(r.Low) + "-" + strconv.Itoa(r.High)
}
