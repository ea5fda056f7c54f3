package cluster

import (
	"errors"
	"time"

	"lvs/plan"
)

// Bounds of what is told of health.
const (
	maxInterval = time.Hour
	maxDelay    = 24 * time.Hour
)

// healthKeys are those of a service that only the director looks at.
func (t *tables) healthKeys() []key[FileService] {
	return []key[FileService]{
		at("check", t.checksForm(), func(s *FileService) *[]Check { return &s.Health.Check }, about{
			doc:   "How its servers are examined: a check, the name of one, or a list of which all must pass.",
			value: "the file's default", example: "web", director: true}),
		{name: "minHealthy", about: about{doc: "The quorum: how many servers, or which part of them, must be healthy.", value: "one server",
			example: "{down: 30%, up: 50%}", director: true},
			shape: t.quorum.shape(), read: func(d *decoder, v *tree, s *FileService) {
				q, _ := t.quorum.form().read(d, v)
				s.Health.Down, s.Health.Up = q.down, q.up
			}},
		at("fallback", parsed("an address such as 10.0.0.99:80", parseServer), func(s *FileService) *string { return &s.Health.Fallback }, about{
			doc: "A server that takes the traffic while the service is down, with the service's port where it has none.", value: "none", example: "10.0.0.99", director: true}),
		at("onAllDown", oneOf("withdraw", "open", "fallback"), func(s *FileService) *string { return &s.Health.OnAllDown }, about{
			doc:   "What happens without a healthy server: the address is no longer announced, all servers get traffic again, or the fallback does.",
			value: "fallback where there is one, else withdraw", example: "open", director: true}),
		at("onDown", t.onDown.form(), func(s *FileService) *OnDown { return &s.Health.OnDown }, about{
			doc: "What is done to a server that failed.", example: "{quiesce: 20s, then: reset}", director: true}),
		at("maxMasked", share(), func(s *FileService) *Share { return &s.Health.MaxMasked }, about{
			doc: "The most servers that may be out of use at a time for failed checks.", value: "no limit", example: "50%", director: true}),
		at("slowStart", period(0, maxDelay, time.Second), func(s *FileService) *time.Duration { return &s.Health.SlowStart }, about{
			doc: "How long a server that came back takes to its full weight.", value: "0s", example: "1m", director: true}),
		at("announce", truth(), func(s *FileService) *bool { return &s.Health.Announce }, about{
			doc: "Announces the address while the service is up; needs bgp.", value: "false", example: "true", director: true}),
	}
}

// quorum is minHealthy as it is written.
type quorum struct{ down, up Share }

func quorumRecord() record[quorum] {
	return record[quorum]{id: "MinHealthy", title: "Quorum", words: "an object with down and up",
		doc: "The quorum of a service, as a number of servers or a part of them in percent.",
		after: func(d *decoder, v *tree, q *quorum) {
			none := Share{}
			if q.down != none && q.up != none && q.down.Percent == q.up.Percent && q.up.N < q.down.N {
				d.fault(v.find("up"), "up is below down: the service would be up and down at once", "")
			}
		},
		keys: []key[quorum]{
			at("down", share(), func(q *quorum) *Share { return &q.down }, about{
				doc: "With fewer healthy servers the service counts as down.", example: "30%"}),
			at("up", share(), func(q *quorum) *Share { return &q.up }, about{
				doc: "With that many it is up again.", value: "as down", example: "50%"}),
		}}
}

func onDownRecord() record[OnDown] {
	return record[OnDown]{id: "OnDown", title: "Failed servers", words: "an object with quiesce and then",
		doc: "What is done to a failed server: weight 0 at once, and later more.",
		keys: []key[OnDown]{
			at("quiesce", pointer(period(0, maxDelay, time.Millisecond)), func(o *OnDown) **time.Duration { return &o.Quiesce }, about{
				doc: "How long it is kept with weight 0; 0s is not at all.", value: "20s", example: "1m"}),
			at("then", oneOf("keep", "reset"), func(o *OnDown) *string { return &o.Then }, about{
				doc: "What follows: its connections may end by themselves, or it is removed and its clients are reset.", value: "reset", example: "keep"}),
		}}
}

// parseServer reads the address of one server.
func parseServer(s string) (string, error) {
	r, err := parseServers(s)
	if err == nil && r.count > 1 {
		err = errors.New(plan.Quote(s) + " stands for more than one server")
	}
	return s, err
}
