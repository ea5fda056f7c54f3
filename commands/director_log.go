package commands

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"lvs/director"
	"lvs/director/api"
)

// logger returns a log on standard error. The journal of systemd adds the time itself.
func (a *App) logger(format string) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if a.global.quiet {
		o.Level = slog.LevelWarn
	}
	if a.Env("JOURNAL_STREAM") != "" && format != "json" {
		o.ReplaceAttr = func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) == 0 && attr.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attr
		}
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(a.Err, o))
	}
	return slog.New(slog.NewTextHandler(a.Err, o))
}

// logEvents logs the events of a director until finish is closed and all are logged.
func logEvents(d director.Control, log *slog.Logger, finish <-chan struct{}) {
	last := uint64(0)
	for {
		ended := false
		select {
		case <-finish:
			ended = true
		default:
		}
		events, missed, more := d.Events(last)
		if missed > 0 {
			log.Warn("events were not logged, because they came too fast", "events", missed)
		}
		for i := range events {
			last = events[i].ID
			logEvent(log, &events[i])
		}
		switch {
		case ended:
			return
		case len(events) > 0:
			continue
		}
		select {
		case <-more:
		case <-finish:
		}
	}
}

func logEvent(log *slog.Logger, e *director.Event) {
	row := api.EventRow(e)
	level := slog.LevelInfo
	switch e.Kind {
	case director.EventAlarm, director.EventFrozen, director.EventRefused, director.EventDrift:
		level = slog.LevelWarn
	case director.EventVerdict, director.EventService:
		if e.To == "down" {
			level = slog.LevelWarn
		}
	}
	attrs := []slog.Attr{slog.Uint64("id", row.ID), slog.String("event", row.Event)}
	for _, a := range []struct {
		key   string
		value *string
	}{{"service", row.Service}, {"server", row.Server}, {"from", row.From}, {"to", row.To}, {"why", row.Why},
		{"by", row.By}, {"reason", row.Reason}} {
		if a.value != nil {
			attrs = append(attrs, slog.String(a.key, *a.value))
		}
	}
	log.LogAttrs(context.Background(), level, row.Text, attrs...)
}

// notifier reports to systemd (sd_notify(3)).
type notifier struct {
	socket string
	mu     sync.Mutex
	last   time.Time
}

func newNotifier(env func(string) string) *notifier {
	socket := env("NOTIFY_SOCKET")
	if strings.HasPrefix(socket, "@") { // an abstract name
		socket = "\x00" + socket[1:]
	}
	return &notifier{socket: socket}
}

// send sends a state. Nobody may listen, and nothing depends on it.
func (n *notifier) send(state string) {
	if n.socket == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = c.Write([]byte(state))
}

// alive feeds the watchdog, at most once a second.
func (n *notifier) alive(now time.Time) {
	n.mu.Lock()
	due := now.Sub(n.last) >= time.Second || now.Before(n.last)
	if due {
		n.last = now
	}
	n.mu.Unlock()
	if due {
		n.send("WATCHDOG=1")
	}
}

// watchFiles returns a channel that gets something when files, or the files in folders,
// have changed, and then stayed the same for a moment: an editor may be writing.
func watchFiles(ctx context.Context, names []string, sleep func(context.Context, time.Duration) error) <-chan struct{} {
	const every = time.Second
	changed := make(chan struct{})
	go func() {
		known := lookAt(names)
		before := known
		for sleep(ctx, every) == nil {
			now := lookAt(names)
			settled := now == before
			before = now
			if now == known || !settled {
				continue
			}
			known = now
			select {
			case changed <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return changed
}

// lookAt returns a sum of what changes with files: size, time and number of each.
func lookAt(names []string) (sum [sha256.Size]byte) {
	var text strings.Builder
	add := func(name string) {
		info, err := os.Stat(name)
		if err != nil {
			fmt.Fprintln(&text, name, err)
			return
		}
		fmt.Fprintln(&text, name, info.Size(), info.ModTime().UnixNano(), fileNumber(info))
	}
	for _, name := range names {
		add(name)
		if isFolder(name) {
			inside, _ := inFolder(name)
			for _, file := range inside {
				add(file)
			}
		}
	}
	return sha256.Sum256([]byte(text.String()))
}

// fileNumber returns the number of a file on its disk, which another file of the same name
// does not have.
func fileNumber(info os.FileInfo) any {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return filepath.Base(info.Name())
}
