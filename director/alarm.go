package director

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// The codes of alarms.
const (
	AlarmKernel  = "kernel"  // the table cannot be read or changed
	AlarmJournal = "journal" // changes are not recorded
	AlarmState   = "state"   // the state folder cannot be read or written
	// AlarmDecisions: the decisions of people cannot be read or written.
	AlarmDecisions = "decisions"
	AlarmDamaged   = "damaged" // a file of the state folder was damaged and set aside
	AlarmJob       = "job"     // a job failed
)

// fixes are what to do about an alarm without a fix of its own.
var fixes = map[string]string{
	AlarmKernel:    "it is tried again; lvs doctor shows more",
	AlarmJournal:   "make room in the state folder, and check who may write to it",
	AlarmState:     "make room in the state folder, and check who may write to it",
	AlarmDecisions: "make room in the state folder, and check who may write to it",
	AlarmChecks:    "lvs director status shows the result of each check",
	AlarmDamaged:   "look at the file with the ending .bad, and remove it",
}

// alarms are the faults that last, by code.
type alarms map[string]*alarmState

type alarmState struct {
	Alarm
	// ended is set for a fault that is over and is only kept for quietUntil.
	ended      bool
	quietUntil time.Time
}

// alarm reports a fault. The same one again is no news.
func (c *core) alarm(code, what, fix string) {
	a := c.alarms[code]
	if a == nil {
		a = &alarmState{ended: true}
		c.alarms[code] = a
	}
	fix = cmp.Or(fix, fixes[code])
	if !a.ended && a.What == what {
		return
	}
	since := c.o.Now()
	if !a.ended {
		since = a.Since
	}
	a.Alarm, a.ended = Alarm{Since: since, Code: code, What: what, Fix: fix}, false
	c.emit(Event{Kind: EventAlarm, From: code, Text: what})
}

// calm ends an alarm.
func (c *core) calm(code string) {
	if a := c.alarms[code]; a != nil && !a.ended {
		a.ended = true
		c.news = true
	}
}

// quiet keeps the director from trying again until a time; silent reports whether it is
// that now.
func (a alarms) quiet(code string, until time.Time) {
	if s := a[code]; s != nil {
		s.quietUntil = until
	}
}

func (a alarms) silent(code string, now time.Time) bool {
	s := a[code]
	return s != nil && now.Before(s.quietUntil)
}

// list returns the alarms that last, by code.
func (a alarms) list() (out []Alarm) {
	for _, code := range slices.Sorted(maps.Keys(a)) {
		if !a[code].ended {
			out = append(out, a[code].Alarm)
		}
	}
	return out
}
