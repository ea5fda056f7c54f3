package health

import (
	"testing"
)

// FuzzHTTPAnswer gives an answer in two orders of parts: whole, and cut somewhere. The result
// is the same, and no more is kept than the limits allow.
func FuzzHTTPAnswer(f *testing.F) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nre\r\n3\r\nady\r\n0\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\n\n",
		"HTTP/1.0 200\n\nready", "HTTP/1.1 2x0\r\n\r\n", "SSH-2.0\r\n", "HTTP/1.1 204 No\r\nContent-Length: -1\r\n\r\n",
	} {
		f.Add([]byte(answer), 7, true)
		f.Add([]byte(answer), 60, false)
	}
	q := prepare(Probe{Spec: Spec{Kind: HTTP, Body: "^ready$", Status: []StatusRange{{200, 299}}}})
	f.Fuzz(func(t *testing.T, answer []byte, at int, end bool) {
		at = max(0, min(at, len(answer)))
		whole, done := hearAll(t, q, end, answer)
		parts, doneParts := hearAll(t, q, end, answer[:at], answer[at:])
		if done != doneParts || whole.Outcome != parts.Outcome || whole.Reason != parts.Reason {
			t.Errorf("whole: %+v %v\ncut at %d: %+v %v", whole, done, at, parts, doneParts)
		}
		if end && !done {
			t.Error("no result at the end")
		}
		if done && (whole.Outcome != Pass && whole.Outcome != Fail || len(whole.Detail) > maxDetail) {
			t.Errorf("bad result %+v", whole)
		}
	})
}

// hearAll gives the parts of an answer to a new conversation, and if end is set the end of the
// connection.
func hearAll(t *testing.T, q *question, end bool, parts ...[]byte) (r Result, done bool) {
	talk := &httpTalk{q: q}
	for _, p := range parts {
		if len(p) == 0 {
			continue
		}
		if r, done = talk.hear(p, false); done {
			return r, done
		}
		if kept := len(talk.header); talk.body == nil && kept > maxHeader {
			t.Errorf("%d bytes of a header are kept", kept)
		}
		if talk.body != nil && len(talk.body.got) > maxBody {
			t.Errorf("%d bytes of a body are kept", len(talk.body.got))
		}
	}
	if end {
		return talk.hear(nil, true)
	}
	return r, done
}

// FuzzDNSAnswer accepts nothing without the ID.
func FuzzDNSAnswer(f *testing.F) {
	f.Add([]byte("\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x12\x34\x81\x85\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x12\x34\x01"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		r, done := judgeDNS(answer, 0x1234, nil)
		if done && (len(answer) < 12 || string(answer[:2]) != "\x12\x34" || r.Outcome == 0) {
			t.Errorf("%x is an answer: %+v", answer, r)
		}
	})
}

// FuzzEchoReply accepts only what has the nonce.
func FuzzEchoReply(f *testing.F) {
	e := echo{id: 0x1234, nonce: [16]byte{1, 2, 3, 4}}
	good := append(make([]byte, 20), e.request()...)
	good[0], good[20] = 0x45, echoReply
	f.Add(good, false)
	f.Add(good[20:], true)
	f.Add([]byte{0x4f}, false)
	f.Fuzz(func(t *testing.T, packet []byte, six bool) {
		e := e
		e.six = six
		if e.isReply(packet) && string(packet[len(packet)-16:]) != string(e.nonce[:]) {
			t.Errorf("%x is a reply", packet)
		}
	})
}

// FuzzTCPAnswer matches an answer that comes byte by byte, as long as it is short.
func FuzzTCPAnswer(f *testing.F) {
	f.Add([]byte("220 ready"), false)
	f.Add([]byte("xxx"), true)
	q := prepare(Probe{Spec: Spec{Kind: TCP, Expect: "ready"}})
	f.Fuzz(func(t *testing.T, answer []byte, end bool) {
		whole := &tcpTalk{q: q}
		want, wantDone := whole.hear(answer, end)
		bytewise := &tcpTalk{q: q}
		var got Result
		var done bool
		for i := range answer {
			if got, done = bytewise.hear(answer[i:i+1], end && i == len(answer)-1); done {
				break
			}
		}
		if len(answer) > 0 && len(answer) <= maxMatches && (got != want || done != wantDone) {
			t.Errorf("whole %+v %v, in bytes %+v %v", want, wantDone, got, done)
		}
	})
}
