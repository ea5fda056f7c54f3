package importer

import (
	"strings"
	"testing"

	"lvs/cluster"
)

// TestImportChecks has the kinds of checks of both tools that the fixtures have not.
func TestImportChecks(t *testing.T) {
	keepalived := func(service, check string) (*cluster.File, []Note, error) {
		return Keepalived(Text{"k.conf", "virtual_server " + service + " {\nprotocol TCP\nreal_server 10.0.1.1 {\n" + check +
			"\n}\n}"}, KeepalivedOptions{})
	}
	ldirectord := func(service, check string) (*cluster.File, []Note, error) {
		return Ldirectord(Text{"l.cf", "virtual=" + service + "\n\treal=10.0.1.1 gate\n\t" +
			strings.ReplaceAll(check, "\n", "\n\t") + "\n"}, nil)
	}
	const usual = "every: 1m, fastEvery: 1s, timeout: 5s, rise: 1, fall: 2}"
	const often = "every: 10s, timeout: 30s, rise: 1, fall: 1}"
	for _, c := range []struct {
		name           string
		read           func(service, check string) (*cluster.File, []Note, error)
		service, check string
		want           string // the line of the check
		notes          []string
	}{
		{"a source", keepalived, "10.0.0.1 80", "TCP_CHECK {\nbindto 192.0.2.9\n}",
			"check: {type: tcp, source: 192.0.2.9, " + usual, nil},
		{"a source of a page", keepalived, "10.0.0.1 80", "HTTP_GET {\nbindto 192.0.2.9\nurl {\npath /\n}\n}",
			"check: {type: http, path: /, source: 192.0.2.9, every: 1m, fastEvery: 3s, timeout: 5s, rise: 1, fall: 2}", nil},
		{"no source", keepalived, "10.0.0.1 80", "TCP_CHECK {\nbindto x\n}", "check: {type: tcp, " + usual,
			[]string{`bindto is ignored, as in keepalived: invalid "x": want an IP address`}},
		{"a dynamic weight", keepalived, "10.0.0.1 80", "MISC_CHECK {\nmisc_path /bin/x\nmisc_dynamic\n}",
			"check: {type: exec, command: [/bin/x], dynamic: true, every: 1m, timeout: 1m, rise: 1, fall: 1}", nil},
		{"no port", keepalived, "fwmark 1", "TCP_CHECK {\n}", "", []string{
			"TCP_CHECK is not converted: it has no port to probe, neither the server nor the service has one"}},
		{"a usual port", keepalived, "fwmark 1", "SMTP_CHECK {\n}", "check: {type: smtp, " + usual, []string{
			"SMTP_CHECK has no port to probe, neither the server nor the service has one; the check probes port 25"}},
		{"a port of its own", keepalived, "fwmark 1", "TCP_CHECK {\nconnect_port 7\n}",
			"check: {type: tcp, port: 7, " + usual, nil},

		{"a database", ldirectord, "10.0.0.1:5432", "login=\"monitor\"\ndatabase=\"shop\"\nrequest=\"SELECT 1\"",
			"check: {type: pgsql, user: monitor, database: shop, " + often,
			[]string{"service=pgsql: the check sends no password and no query; a server that refuses the login is healthy"}},
		{"a database that is not selected", ldirectord, "10.0.0.1:3306", "database=\"shop\"",
			"check: {type: mysql, " + often, []string{
				"service=mysql: the check sends no password; a server that refuses the login is healthy",
				"database is not converted: a check of this type selects none"}},
		{"a login elsewhere", ldirectord, "10.0.0.1:25", "login=\"x\"", "check: {type: smtp, " + often, []string{
			"login is not converted: a check of this type does not log in"}},
		{"no port here", ldirectord, "1", "checktype=connect", "", []string{"the check is not converted: it has no port to " +
			"probe, because there is no checkport, and neither the server nor the service has one"}},
		{"a usual port here", ldirectord, "1", "service=ldap", "check: {type: ldap, port: 389, " + often, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, notes, err := c.read(c.service, c.check)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if err := f.WriteYAML(&b); err != nil {
				t.Fatal(err)
			}
			if got := b.String(); c.want == "" && strings.Contains(got, "check:") || !strings.Contains(got, c.want) {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			var texts []string
			for _, n := range notes {
				texts = append(texts, n.Text)
			}
			if strings.Join(texts, "\n") != strings.Join(c.notes, "\n") {
				t.Errorf("%q", texts)
			}
			tableOf(t, f)
		})
	}
}
