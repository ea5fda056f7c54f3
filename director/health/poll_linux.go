package health

import (
	"encoding/binary"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// newPoller returns a poller that asks TCP and HTTP itself.
func newPoller() (poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	wakes, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil { // so that package os waits with its poller
		return nil, errors.Join(err, unix.Close(wakes), unix.Close(fd))
	}
	file := os.NewFile(uintptr(fd), "epoll")
	conn, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, unix.Close(wakes), file.Close())
	}
	p := &epoll{file: file, conn: conn, fd: fd, wakes: wakes, open: map[int32]*rawTalk{},
		events: make([]unix.EpollEvent, 256), buf: make([]byte, 64<<10)}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(wakes)}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, wakes, &event); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// epoll holds many conversations on sockets that do not block. A question costs five or six
// system calls, and the waiting is shared.
type epoll struct {
	file *os.File
	conn syscall.RawConn // of file
	// fd is that of file, wakes has what ends a wait.
	fd, wakes int
	open      map[int32]*rawTalk // by descriptor
	answers   []answer           // since the last wait
	// sent is how many conversations began, or sent something, since the last wait.
	sent int
	// earliest is at most the earliest deadline of open. Zero if it is empty.
	earliest time.Time
	number   int32
	events   []unix.EpollEvent
	buf      []byte
}

// rawTalk is one conversation.
type rawTalk struct {
	*flight
	fd     int32
	number int32 // distinguishes it from earlier ones with the same descriptor
	at     phase
	unsent []byte
	talk   talk
}

// start begins a question about TCP or HTTP. Others need a goroutine, and so does one in another
// namespace, whose sockets are made on a thread of their own.
func (p *epoll) start(f *flight) bool {
	if f.q.Kind != TCP && f.q.Kind != HTTP || f.q.Netns != "" {
		return false
	}
	t := &rawTalk{flight: f, fd: -1, talk: f.q.newTalk(), unsent: f.q.greeting}
	f.stop = func() {} // it ends at its deadline at the latest
	to := addrPort(&f.q.Probe, defaultPort(f.q.Kind))
	fd, err := socket(&f.q.Probe, streams, to.Addr())
	if err != nil {
		p.finish(t, failed(&f.q.Target, err, opening))
		return true
	}
	t.fd = int32(fd)
	switch errno := rawConnect(fd, to); errno {
	case 0: // on this machine
		p.connected(t)
	case unix.EINPROGRESS:
		t.at = connecting
	default:
		p.finish(t, failed(&f.q.Target, errno, opening))
	}
	if t.fd >= 0 {
		p.watch(t)
	}
	return true
}

// watch waits for the other side. Each change is reported once (EPOLLET), so that sending and
// receiving need no further calls.
func (p *epoll) watch(t *rawTalk) {
	p.number++
	t.number = p.number
	event := interest(t)
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, int(t.fd), &event); err != nil {
		p.finish(t, failed(&t.q.Target, err, opening))
		return
	}
	p.open[t.fd] = t
	p.sent++
	if p.earliest.IsZero() || t.deadline.Before(p.earliest) {
		p.earliest = t.deadline
	}
}

// interest is what is reported about a conversation.
func interest(t *rawTalk) unix.EpollEvent {
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | edges, Fd: t.fd, Pad: t.number}
	if t.at == connecting || len(t.unsent) > 0 {
		event.Events |= unix.EPOLLOUT
	}
	return event
}

// edges is EPOLLET, which package unix has as a negative number on some architectures.
const edges = 1 << 31

// When some conversations have sent something, their answers come one after another within
// a moment. Waking up for each costs more than it is worth, so that some are gathered.
const (
	gatherTime = time.Millisecond
	gatherFrom = 4
)

// wait is for all that the engine waits for.
func (p *epoll) wait(longest time.Duration, now func() time.Time) []answer {
	if !p.earliest.IsZero() {
		longest = min(longest, p.earliest.Sub(now()))
	}
	if len(p.answers) > 0 {
		longest = 0
	}
	if p.sent >= gatherFrom && longest > gatherTime {
		time.Sleep(gatherTime)
		longest -= gatherTime
	}
	p.sent = 0
	for _, event := range p.events[:p.sleep(longest)] {
		p.heard(event)
	}
	if !p.earliest.IsZero() {
		p.expire(now())
	}
	answers := p.answers
	p.answers = nil
	return answers
}

// sleep returns the number of events, after some time at the latest. The thread is not blocked:
// Go's own poller waits for this one (docs/decisions/0026-checks.md).
func (p *epoll) sleep(longest time.Duration) (n int) {
	if n = rawEvents(p.fd, p.events); n > 0 || longest <= 0 {
		return n
	}
	if err := p.file.SetReadDeadline(time.Now().Add(longest)); err != nil {
		time.Sleep(min(longest, slotLength)) // does not happen: the file has a poller
	}
	_ = p.conn.Read(func(uintptr) bool { // the only error is that the time is over
		n = rawEvents(p.fd, p.events)
		return n > 0
	})
	return n
}

// heard goes on with one conversation.
func (p *epoll) heard(event unix.EpollEvent) {
	if event.Fd == int32(p.wakes) {
		rawRead(p.wakes, p.buf[:8]) // so that it is quiet again
		return
	}
	t := p.open[event.Fd]
	if t == nil || t.number != event.Pad {
		return // ended by an event before this one
	}
	if t.at == connecting {
		if event.Events&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) == 0 {
			return
		}
		number, err := unix.GetsockoptInt(int(t.fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && number != 0 {
			err = unix.Errno(number)
		}
		if err != nil {
			p.finish(t, failed(&t.q.Target, err, connecting))
			return
		}
		p.connected(t)
		p.sent++
	} else if len(t.unsent) > 0 && event.Events&unix.EPOLLOUT != 0 {
		p.send(t)
	}
	const closed = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
	if t.fd >= 0 && event.Events&(unix.EPOLLIN|closed) != 0 {
		p.receive(t, event.Events&closed != 0)
	}
}

// connected begins the conversation.
func (p *epoll) connected(t *rawTalk) {
	t.at = talking
	p.send(t)
}

// send sends what is left to send. A question without an answer ends here.
func (p *epoll) send(t *rawTalk) {
	for len(t.unsent) > 0 {
		n, errno := rawWrite(int(t.fd), t.unsent)
		switch {
		case errno == unix.EAGAIN:
			return
		case errno == unix.EINTR:
		case errno != 0 && t.talk != nil: // as in converse: what was received counts more
			t.unsent = nil
			p.receive(t, true)
			return
		case errno != 0:
			p.finish(t, failed(&t.q.Target, errno, talking))
			return
		default:
			t.unsent = t.unsent[n:]
		}
	}
	if t.talk == nil {
		p.finish(t, pass())
	}
}

// maxReads is how often one conversation reads in a row. A server that sends without end must
// not keep the others waiting.
const maxReads = 4

// receive reads what has come. closed is set if the other side has closed: that is reported
// with what came before it, and not again.
func (p *epoll) receive(t *rawTalk, closed bool) {
	for range maxReads {
		n, errno := rawRead(int(t.fd), p.buf)
		switch {
		case errno == unix.EAGAIN:
			return
		case errno == unix.EINTR:
			continue
		case errno != 0:
			p.finish(t, failed(&t.q.Target, errno, talking))
			return
		case t.talk == nil: // what it says is not of interest
		default:
			if r, done := t.talk.hear(p.buf[:n], n == 0); done {
				p.finish(t, r)
				return
			}
		}
		if n == 0 || n < len(p.buf) && !closed {
			return // there is no more at present
		}
	}
	if p.open[t.fd] != t {
		return // it will be watched
	}
	event := interest(t) // reports the rest
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, int(t.fd), &event); err != nil {
		p.finish(t, failed(&t.q.Target, err, opening))
	}
}

// finish ends a conversation.
func (p *epoll) finish(t *rawTalk, r Result) {
	if t.fd >= 0 {
		delete(p.open, t.fd)
		rawClose(int(t.fd)) // and it is watched no more
		t.fd = -1
	}
	p.answers = append(p.answers, answer{t.flight, r})
}

// expire ends the conversations whose time is over.
func (p *epoll) expire(now time.Time) {
	if now.Before(p.earliest) {
		return
	}
	p.earliest = time.Time{}
	for _, t := range p.open {
		switch {
		case !now.Before(t.deadline):
			p.finish(t, failed(&t.q.Target, os.ErrDeadlineExceeded, t.at))
		case p.earliest.IsZero() || t.deadline.Before(p.earliest):
			p.earliest = t.deadline
		}
	}
}

func (p *epoll) wake() {
	one := binary.NativeEndian.AppendUint64(nil, 1)
	rawWrite(p.wakes, one) // fails only if it is awake
}

func (p *epoll) close() {
	for fd := range p.open {
		unix.Close(int(fd))
	}
	unix.Close(p.wakes)
	p.file.Close()
}
