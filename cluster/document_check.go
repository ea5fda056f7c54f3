package cluster

import (
	"net/netip"
	"strconv"
)

// putChecks adds one check without a list, several as a list.
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

// document returns a check's name if it has one.
func (c *Check) document() node {
	if c.Ref != "" {
		return c.Ref
	}
	o := object{{"type", c.Type}}
	o = putIf(o, "of", checksDocument(c.Of), len(c.Of) > 0)
	o = c.putQuestion(o)
	o = put(o, "port", int(c.Port))
	o = put(o, "via", c.Via)
	o = putSources(o, c.Source)
	o = put(o, "netns", c.Netns)
	o = put(o, "proxyProtocol", c.ProxyProtocol)
	o = put(o, "reset", c.Reset)
	o = put(o, "degrade", c.Degrade.node())
	o = put(o, "every", duration(c.Every))
	o = put(o, "fastEvery", duration(c.FastEvery))
	o = put(o, "timeout", duration(c.Timeout))
	o = put(o, "greeting", duration(c.Greeting))
	o = put(o, "rise", c.Rise)
	return small(put(o, "fall", c.Fall))
}

// putQuestion adds what the check sends, and what the answer must be.
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
	o = put(o, "dynamic", c.Dynamic)
	o = put(o, "file", c.File)
	o = put(o, "user", c.User)
	o = put(o, "database", c.Database)
	return put(o, "baseDN", c.BaseDN)
}

// putSources adds one address without a list.
func putSources(o object, list []netip.Addr) object {
	out := make(row, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	if len(out) == 1 {
		return append(o, member{"source", out[0]})
	}
	return putIf(o, "source", out, len(out) > 0)
}

func (r StatusRange) node() node {
	if r.Low == r.High {
		return r.Low
	}
	return strconv.Itoa(r.Low) + "-" + strconv.Itoa(r.High)
}
