package cluster

import (
	"bytes"
	"slices"
)

// ShareDefaults puts what most services and servers have into the defaults, where that
// saves lines.
func ShareDefaults(f *File) {
	spreadForward(f)
	schedulers := map[string]int{}
	for i := range f.Services {
		schedulers[f.Services[i].Scheduler]++
	}
	scheduler := most(schedulers, defaultScheduler, 1)
	for i := range f.Services {
		leaveOut(&f.Services[i].Scheduler, scheduler)
	}
	f.Defaults.Scheduler = scheduler
	leaveOut(&f.Defaults.Scheduler, defaultScheduler)
}

func spreadForward(f *File) {
	services := map[string]int{}
	for i := range f.Services {
		s := &f.Services[i]
		s.Forward = SharedForward(s)
		for j := range s.Servers {
			leaveOut(&s.Servers[j].Forward, s.Forward)
		}
		services[s.Forward]++
	}
	delete(services, "") // of no importance
	forward := most(services, defaultForward.String(), 1)
	for i := range f.Services {
		leaveOut(&f.Services[i].Forward, forward)
	}
	f.Defaults.Forward = forward
	leaveOut(&f.Defaults.Forward, defaultForward.String())
}

// SharedForward is the way to most of a service's servers, and without any what
// the service says.
func SharedForward(s *FileService) string {
	servers := map[string]int{}
	for j := range s.Servers {
		servers[s.Servers[j].Forward]++
	}
	return most(servers, s.Forward, 0)
}

// leaveOut empties a word that holds anyway.
func leaveOut(word *string, anyway string) {
	if *word == anyway {
		*word = ""
	}
}

// SpreadChecks gives a service the checks that most of its servers have, of
// which there is a list for each; the others say their own. With a server that
// is not checked at all every other says its own.
func SpreadChecks(s *FileService, checks [][]Check) {
	keys, count := make([]string, len(checks)), map[string]int{}
	for i, list := range checks {
		var b bytes.Buffer
		writeJSON(&b, checksDocument(list))
		keys[i] = b.String()
		count[keys[i]]++
	}
	none := slices.ContainsFunc(checks, func(list []Check) bool { return len(list) == 0 })
	shared := most(count, "", 0)
	for i, list := range checks {
		if none || keys[i] != shared {
			s.Servers[i].Check = list
		} else {
			s.Health.Check = list
		}
	}
}
