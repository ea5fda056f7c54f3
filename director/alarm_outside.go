package director

import "context"

// Alarm reports a fault that the program around the director has met, for example a hook
// that fails. The same fault again is no news. An empty text ends the alarm of the code.
func (d *Director) Alarm(ctx context.Context, code, what, fix string) {
	_ = d.call(ctx, func(context.Context) { // a director that has ended has no alarms
		if what == "" {
			d.calm(code)
			return
		}
		d.alarm(code, what, fix)
	})
}
