package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Web is the web server program of a real server, which faults act on. *Running is one.
type Web interface {
	// Start runs it and waits until it listens on port 80.
	Start() error
	// Kill ends all its processes, Hang stops them, and Resume lets them go on.
	Kill() error
	Hang(names ...string) error
	Resume(names ...string) error
}

// Fault is one way in which a real server stops serving.
type Fault struct {
	Name string
	// About is what happens, in a few words.
	About string
	// Refused is set if clients are refused at once, instead of waiting in vain.
	Refused bool

	make, mend func(*Faulty) error
}

// Faulty is a real server on which faults are made.
type Faulty struct {
	*Server
	Web Web
	// Near is a node that reaches the server directly.
	Near *Node

	held []net.Conn // connections that fill the queue of new ones
}

// Faults are all of them.
func Faults() []Fault {
	return []Fault{
		{"killed", "SIGKILL of the program: the kernel refuses connections", true, (*Faulty).kill, (*Faulty).restart},
		{"reset", "the program accepts, and resets each connection", true, (*Faulty).reset, (*Faulty).unreset},
		{"hung", "SIGSTOP of the program: the kernel still accepts connections", false, (*Faulty).hang, (*Faulty).goOn},
		{"full", "hung, and its queue of new connections is full", false, (*Faulty).fill, (*Faulty).drainQueue},
		{"slow", "every packet of the server is 3 s late", false, (*Faulty).slowDown, (*Faulty).speedUp},
		{"half-open", "packets that open a connection are lost", false, (*Faulty).dropNew, (*Faulty).letNew},
		{"cut off", "the server's link is down", false, (*Faulty).cut, (*Faulty).connect},
	}
}

// Make makes a server fail.
func (f Fault) Make(s *Faulty) error { return f.wrap(f.make(s)) }

// Mend ends the fault.
func (f Fault) Mend(s *Faulty) error { return f.wrap(f.mend(s)) }

func (f Fault) wrap(err error) error {
	if err != nil {
		return fmt.Errorf("fault %q: %w", f.Name, err)
	}
	return nil
}

func (s *Faulty) kill() error    { return s.Web.Kill() }
func (s *Faulty) restart() error { return s.Web.Start() }
func (s *Faulty) hang() error    { return s.Web.Hang() }
func (s *Faulty) goOn() error    { return s.Web.Resume() }

// reset puts a program in the place of the web server that resets what it accepts.
func (s *Faulty) reset() error {
	if err := s.kill(); err != nil {
		return err
	}
	return s.ServeTCP(80, func(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) })
}

func (s *Faulty) unreset() error { return errors.Join(s.Stop(), s.restart()) }

// fill hangs the program and opens connections until no more are accepted.
func (s *Faulty) fill() error {
	if err := s.hang(); err != nil {
		return err
	}
	const most = 5000 // more than any usual queue
	for range most {
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		conn, err := s.Near.Dial(ctx, "tcp", fmt.Sprintf("%s:80", s.Addr4))
		cancel()
		if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			return nil
		}
		if err != nil {
			return err
		}
		s.held = append(s.held, conn)
	}
	return fmt.Errorf("its queue took %d connections", most)
}

func (s *Faulty) drainQueue() error {
	for _, conn := range s.held {
		conn.Close()
	}
	s.held = nil
	return s.goOn()
}

func (s *Faulty) slowDown() error { return s.tc("qdisc add dev eth0 root netem delay 3s") }
func (s *Faulty) speedUp() error  { return s.tc("qdisc del dev eth0 root") }

// dropNew drops packets with SYN and without ACK.
func (s *Faulty) dropNew() error {
	return s.tc("qdisc add dev eth0 clsact",
		"filter add dev eth0 ingress protocol ip flower ip_proto tcp tcp_flags 0x02/0x12 action drop")
}

func (s *Faulty) letNew() error { return s.tc("qdisc del dev eth0 clsact") }

func (s *Faulty) cut() error     { return s.Cable(false) }
func (s *Faulty) connect() error { return s.Cable(true) }

func (s *Faulty) tc(commands ...string) error {
	for _, line := range commands {
		if _, err := s.Run("tc", strings.Fields(line)...); err != nil {
			return err
		}
	}
	return nil
}
