package cluster

import (
	"time"

	"lvs/kernel"
)

// File is a cluster file: what a person writes to say what should be. A zero
// field is not written, and stands for the default.
type File struct {
	// Comments are written at the top, a line each.
	Comments []string
	// Name is the cluster's, for people. It changes nothing.
	Name     string
	Defaults Defaults
	Timeouts kernel.Timeouts
	// Sync are the sync daemons that should run: none where it is empty, those
	// that run now where it is nil.
	Sync []kernel.Daemon
	// Pools and Checks are in the order of the file. Their names are unique.
	Pools    []Pool
	Checks   []NamedCheck
	Services []FileService
	// What the director alone looks at. Nil is not given.
	BGP      *BGP
	Overflow *Overflow
	Director *Director

	// Source is where it was read. Nil is a file that a program made.
	Source *Source
}

// Defaults hold for every service and server of a file.
type Defaults struct {
	Scheduler string // wlc
	Forward   string // direct
	// Check holds for services that have none of their own. Empty is none.
	Check []Check
}

// Pool is a list of servers that several services share.
type Pool struct {
	Name    string
	Servers []FileServer
}

// FileService is a service as a file tells it. With several addresses it stands
// for as many services that are alike.
type FileService struct {
	// Comments are written above it, a line each.
	Comments []string
	// Name is for people and for what is announced. Identity is the address.
	Name        string
	Addresses   []kernel.ServiceID
	Scheduler   string   // the file's default
	Flags       []string // the scheduler's own
	OnePacket   bool
	Persistence time.Duration
	Engine      string
	Netmask     kernel.Netmask
	Forward     string // for its servers; the file's default
	// AsIs takes what the kernel holds although it does not work.
	AsIs bool
	// Pool names the servers; empty where Servers lists them.
	Pool    string
	Servers []FileServer
	// What the director alone looks at.
	Health ServiceHealth
}

// FileServer is a server as a file tells it.
type FileServer struct {
	// Address is without a port where it is the service's. It may be a range,
	// 10.0.0.[12-18], which stands for as many servers that are alike.
	Address      string
	Forward      string // the service's
	Weight       *int   // 1
	Upper, Lower uint32
	Tunnel       kernel.Tunnel
	// Labels are the admin's own words about the server.
	Labels map[string]string
	// Check replaces the service's. Empty is the service's.
	Check []Check
}

// What holds where neither a file's object nor its defaults say anything.
const (
	defaultScheduler = "wlc"
	defaultForward   = kernel.Direct
	DefaultWeight    = 1
)
