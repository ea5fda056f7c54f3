package cluster

import (
	"net/netip"
	"strings"
	"time"
)

func (t *tables) directorRecord() record[Director] {
	return record[Director]{id: "Director", title: "The director", words: "an object with onStop, drift and sysctl",
		doc: "How the director (lvs director run) behaves.",
		keys: []key[Director]{
			at("onStop", oneOf("keep", "withdraw", "remove"), func(o *Director) *string { return &o.OnStop }, about{
				doc: "What to do when the director stops: keep leaves the table as it is, withdraw also stops announcing " +
					"addresses, remove deletes the services.", value: "keep", example: "withdraw"}),
			at("drift", oneOf("repair", "report"), func(o *Director) *string { return &o.Drift }, about{
				doc: "What to do about drift, which is changes that others make to the table: repair undoes them, report only " +
					"reports them.",
				value: "repair", example: "report"}),
			at("sysctl", oneOf("check", "set"), func(o *Director) *string { return &o.Sysctl }, about{
				doc:   "What to do about kernel settings that the file needs: check reports wrong ones, set changes them.",
				value: "check", example: "set"}),
			at("start", oneOf("checked", "trusted"), func(o *Director) *string { return &o.Start }, about{
				doc:   "When a new server gets its weight: checked waits until its checks pass, trusted does not.",
				value: "checked", example: "trusted"}),
			at("role", parsed("auto or file:PATH", parseDirectorRole), func(o *Director) *string { return &o.Role }, about{
				doc: "What this director is beside another one. auto: active while the address of a service is on an interface " +
					"of this machine, where keepalived's VRRP puts it, otherwise backup. file:PATH: the first word of a file, " +
					"MASTER, BACKUP, FAULT or STOP, as a notify script of keepalived writes it; a relative path starts at the " +
					"cluster file's directory. A backup keeps its table and its checks; the sync daemons follow the role.",
				value: "no role", example: "file:/run/lvs/role"}),
			at("hook", t.hook.form(), func(o *Director) *Hook { return &o.Hook }, about{
				doc: "A program that is run for each event.", value: "none",
				example: "{command: [/usr/local/bin/notify], timeout: 5s}"}),
			at("source", sources(), func(o *Director) *[]netip.Addr { return &o.Source }, about{
				doc: "The local address of probes, or one for each family.", value: "the kernel chooses", example: "192.0.2.9"}),
			at("netns", parsed("the name or the path of a network namespace", parseNetns),
				func(o *Director) *string { return &o.Netns }, about{
					doc: "The network namespace to probe from: a name as in ip netns, or an absolute path. Checks of the types " +
						"exec and file, and those with via, do not use it.", value: "the director's own", example: "dmz"}),
		}}
}

func hookRecord() record[Hook] {
	return record[Hook]{id: "Hook", title: "Hooks", words: "an object with command and timeout",
		doc: "A program that the director runs for each event.",
		after: func(d *decoder, v *tree, h *Hook) {
			if list := v.member("command"); list != nil && list.kind == isList && len(list.items) == 0 {
				d.fault(list, "command is empty", "leave out hook")
			}
		},
		keys: []key[Hook]{
			at("command", listOf("a list of a program and its arguments", text("a text")),
				func(h *Hook) *[]string { return &h.Command }, about{
					doc: "A program with its arguments, run without a shell. A relative path with a slash starts at the cluster " +
						"file's directory.", example: "[/usr/local/bin/notify, ops]", needed: true}),
			at("timeout", period(100*time.Millisecond, maxInterval, time.Millisecond),
				func(h *Hook) *time.Duration { return &h.Timeout }, about{
					doc: "After this time the program is killed.", value: "10s", example: "5s"}),
		}}
}

const fileRole = "file:"

func parseDirectorRole(s string) (string, error) {
	if path, ok := strings.CutPrefix(s, fileRole); s != "auto" && (!ok || path == "") {
		return s, wantError("auto, or file: and a path, such as file:/run/lvs/role")
	}
	return s, nil
}
