package cluster

import (
	"math"
	"time"
)

// Bounds of durations.
const (
	maxInterval = time.Hour
	maxDelay    = 24 * time.Hour
)

// healthKeys are the keys of a service that the director acts on.
func (t *tables) healthKeys() []key[FileService] {
	return []key[FileService]{
		at("check", t.checksForm(), func(s *FileService) *[]Check { return &s.Health.Check }, about{
			doc:   "The health checks of the servers; all must pass.",
			value: "the file's default", example: "web", director: true}),
		{name: "minHealthy", about: about{doc: "The quorum: how many servers, or how much of their weight, must be " +
			"healthy. Below it the service is down.",
			value:   "one server",
			example: "{down: 30%, up: 50%}", director: true},
			shape: t.quorum.shape(), read: func(d *decoder, v *tree, s *FileService) {
				q, _ := t.quorum.form().read(d, v)
				s.Health.Down, s.Health.Up, s.Health.QuorumOf = q.down, q.up, q.of
			}},
		at("fallback", parsed("an address such as 10.0.0.99:80", parseServer),
			func(s *FileService) *string { return &s.Health.Fallback }, about{
				doc:   "A server that gets the traffic while the service is down. Without a port it has the service's.",
				value: "none", example: "10.0.0.99", director: true}),
		at("onAllDown", oneOf("withdraw", "open", "fallback"), func(s *FileService) *string { return &s.Health.OnAllDown },
			about{
				doc: "What to do without a healthy server: withdraw masks all servers and stops announcing the address, open " +
					"sends traffic to all servers, fallback sends it to the fallback server.",
				value: "fallback if there is one, otherwise withdraw", example: "open", director: true}),
		at("onDown", t.onDown.form(), func(s *FileService) *OnDown { return &s.Health.OnDown }, about{
			doc: "What to do with a failed server.", example: "{quiesce: 20s, then: reset}", director: true}),
		at("maxMasked", share(), func(s *FileService) *Share { return &s.Health.MaxMasked }, about{
			doc: "How many servers may be masked at the same time because of failed checks; a percentage is rounded down. " +
				"Further servers that fail stay in use.", value: "no limit",
			example: "50%", director: true}),
		at("slowStart", period(0, maxDelay, time.Second),
			func(s *FileService) *time.Duration { return &s.Health.SlowStart }, about{
				doc: "How long a recovered server takes to reach its full weight.", value: "0s", example: "1m", director: true}),
		at("passive", truth(), func(s *FileService) *bool { return &s.Health.Passive }, about{
			doc: "Also masks a server whose new connections stay half open while those of others do not. Without it such a " +
				"server is only checked at once. For TCP services that have an address and two servers or more.",
			value: "false", example: "true", director: true}),
		at("minLeft", part(), func(s *FileService) *Share { return &s.Health.MinLeft }, about{
			doc: "apply, and with a director also drain and weight, ask before less than this percentage of the service's " +
				"weight is left. --min-left comes first.", value: "50%", example: "60%"}),
		at("announce", truth(), func(s *FileService) *bool { return &s.Health.Announce }, about{
			doc: "Announces the address while the service is up; needs bgp.", value: "false", example: "true", later: true}),
	}
}

// quorum is minHealthy as it is written.
type quorum struct {
	down, up Share
	of       string
}

func quorumRecord() record[quorum] {
	return record[quorum]{id: "MinHealthy", title: "Quorum", words: "an object with down, up and of",
		doc: "The quorum of a service, as a number or a percentage. A percentage is of the servers in the first tier whose " +
			"weight is not 0, or of their weight, and is rounded up.",
		after: func(d *decoder, v *tree, q *quorum) {
			none := Share{}
			if q.down != none && q.up != none && q.down.Percent == q.up.Percent && q.up.N < q.down.N {
				d.fault(v.find("up"), "up is lower than down: the service would be up and down at the same time", "")
			}
		},
		keys: []key[quorum]{
			at("down", quorumShare(), func(q *quorum) *Share { return &q.down }, about{
				doc: "With less the service is down.", value: "1", example: "30%"}),
			at("up", quorumShare(), func(q *quorum) *Share { return &q.up }, about{
				doc: "With this much it is up again.", value: "the same as down", example: "50%"}),
			at("of", oneOf("servers", "weight"), func(q *quorum) *string { return &q.of }, about{
				doc: "What down and up count: healthy servers, or the sum of their declared weights.", value: "servers",
				example: "weight"}),
		}}
}

func onDownRecord() record[OnDown] {
	return record[OnDown]{id: "OnDown", title: "Failed servers", words: "an object with quiesce and then",
		doc: "What to do with a failed server. It gets weight 0 immediately.",
		keys: []key[OnDown]{
			at("quiesce", pointer(period(0, maxDelay, time.Millisecond)),
				func(o *OnDown) **time.Duration { return &o.Quiesce }, about{
					doc: "How long the server keeps weight 0, which lets its connections go on, before the action of then; 0s " +
						"means not at all.", value: "20s", example: "1m"}),
			at("then", oneOf("keep", "reset"), func(o *OnDown) *string { return &o.Then }, about{
				doc: "The action after quiesce: keep lets the connections end, reset removes the server, and the kernel resets " +
					"its clients. That needs the sysctl net.ipv4.vs.expire_nodest_conn=1: with 0 the server is not removed.",
				value: "reset", example: "keep"}),
		}}
}

// parseServer reads the address of one server.
func parseServer(s string) (string, error) {
	r, err := parseServers(s)
	if err == nil && r.count > 1 {
		err = wantError("one server, not a range")
	}
	return s, err
}

// quorumShare is a number of servers, a weight, or a percentage of all.
func quorumShare() form[Share] {
	return shareTo("a number of servers, a weight, or a percentage such as 30%", math.MaxInt32)
}
