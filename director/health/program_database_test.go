package health

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

// mariaFrom lets somebody log in from everywhere, so that the server greets.
func mariaFrom(config string) lab.Program {
	return lab.MariaDB("init_file = /etc/mysql/init.sql\n" + config).With(map[string]string{
		"etc/mysql/init.sql": "CREATE USER IF NOT EXISTS 'shop'@'%' IDENTIFIED BY 'secret';\n",
		"etc/hosts":          "127.0.0.1 localhost\n10.9.9.9 director.example\n",
	})
}

func TestProgramMariaDB(t *testing.T) {
	lab.Need(t)
	spec := Spec{Kind: MySQL}
	t.Run("answers and hangs", func(t *testing.T) {
		r := start(t, mariaFrom("log_warnings = 1\n"))
		mustPass(t, "refused login", check(t, spec, enough))
		mustPass(t, "another user", check(t, Spec{Kind: MySQL, User: "shop"}, enough))
		logs(t, r, spec, 0)
		hangs(t, r, spec, 3306)
	})
	t.Run("logs refused logins", func(t *testing.T) { // log_warnings is 2 by default
		logs(t, start(t, mariaFrom("")), spec, 1)
	})
	t.Run("no host may log in", func(t *testing.T) {
		start(t, lab.MariaDB(""))
		mustPass(t, "error 1130", check(t, spec, enough))
	})
	t.Run("blocks hosts", func(t *testing.T) {
		start(t, mariaFrom("max_connect_errors = 5\n"))
		for range 20 {
			mustPass(t, "a login each", check(t, spec, enough))
		}
		for range 6 {
			mustPass(t, "a connection alone", checkPort(t, Spec{Kind: TCP}, 3306, enough))
		}
		lab.Eventually(t, enough, func() error {
			if r := check(t, spec, enough); r.Outcome != Busy || !strings.HasPrefix(r.Detail, "1129 ") {
				return fmt.Errorf("not blocked after tcp checks: %+v", r)
			}
			return nil
		})
	})
	t.Run("is full", func(t *testing.T) {
		start(t, mariaFrom("max_connections = 10\nconnect_timeout = 60\n"))
		hold(t, 11, 3306, nil, true) // one more is for an administrator
		want(t, "one too many", check(t, spec, enough), Busy, TooBusy, "1040 ")
	})
	t.Run("looks up names", func(t *testing.T) {
		ns := newNamespace(t)
		p := mariaFrom("").With(silentNames(t))
		startIn(t, ns, p.With(map[string]string{"etc/hosts": "127.0.0.1 localhost\n"}))
		want(t, "within the timeout", check(t, spec, 2*time.Second), Fail, Silent, "")
		slow := spec
		slow.Greeting = time.Minute
		mustPass(t, "with time for the greeting", check(t, slow, 2*time.Second))
	})
}

// postgresFor lets everyone log in as holder, and others with a password.
func postgresFor(config string) lab.Program {
	return lab.PostgreSQL("hba_file = '/etc/postgresql/hba'\nssl = on\n" + config).With(map[string]string{
		"etc/postgresql/hba": "local all all trust\nhost all postgres all trust\nhost all all all scram-sha-256\n",
	})
}

// startPostgres runs PostgreSQL and waits until it has started: it listens before, and says
// so.
func startPostgres(t *testing.T, p lab.Program) *lab.Running {
	t.Helper()
	r := start(t, p)
	lab.Eventually(t, enough, func() error {
		got := check(t, Spec{Kind: PostgreSQL}, enough)
		if got.Outcome != Pass && got.Reason != Loading {
			t.Fatalf("while it starts: %+v", got)
		}
		if got.Outcome != Pass {
			return fmt.Errorf("%+v", got)
		}
		return nil
	})
	return r
}

func TestProgramPostgreSQL(t *testing.T) {
	lab.Need(t)
	spec, named := Spec{Kind: PostgreSQL}, Spec{Kind: PostgreSQL, User: "postgres"}
	session := prepare(Probe{Spec: named}).startPacket()
	t.Run("answers and hangs", func(t *testing.T) {
		r := startPostgres(t, postgresFor(""))
		mustPass(t, "wants a password", check(t, spec, enough))
		mustPass(t, "logs in", check(t, named, enough))
		mustPass(t, "TLS", check(t, Spec{Kind: PostgreSQL, StartTLS: true}, enough))
		want(t, "no such database", check(t, Spec{Kind: PostgreSQL, User: "postgres", Database: "shop"}, enough),
			Fail, BadStatus, "3D000")
		logs(t, r, spec, 1) // log_connections
		hangs(t, r, spec, 5432)
	})
	t.Run("stops", func(t *testing.T) {
		r := startPostgres(t, postgresFor(""))
		hold(t, 1, 5432, session, true)
		if err := r.Signal(syscall.SIGTERM); err != nil { // the smart shutdown waits for sessions
			t.Fatal(err)
		}
		lab.Eventually(t, enough, func() error {
			if got := check(t, spec, enough); got.Outcome != Fail || got.Reason != Loading {
				return fmt.Errorf("%+v", got)
			}
			return nil
		})
		want(t, "TLS while it stops", check(t, Spec{Kind: PostgreSQL, StartTLS: true}, enough), Fail, Loading, "57P03")
		mustPass(t, "a tcp check while it stops", checkPort(t, Spec{Kind: TCP}, 5432, enough))
	})
	t.Run("is full", func(t *testing.T) {
		startPostgres(t, postgresFor("max_connections = 3\nsuperuser_reserved_connections = 0\n"))
		hold(t, 3, 5432, session, true)
		want(t, "one too many", check(t, named, enough), Busy, TooBusy, "53300")
	})
	t.Run("without lines and TLS", func(t *testing.T) {
		r := startPostgres(t, postgresFor("ssl = off\nlog_connections = off\n"))
		logs(t, r, spec, 0)
		want(t, "TLS", check(t, Spec{Kind: PostgreSQL, StartTLS: true}, enough), Fail, BadTLS, "not offered")
	})
}

func TestProgramRedis(t *testing.T) {
	lab.Need(t)
	spec := Spec{Kind: Redis}
	const open = "protected-mode no\nloglevel notice\n"
	t.Run("answers and hangs", func(t *testing.T) {
		r := start(t, lab.Redis(open))
		mustPass(t, "PONG", check(t, spec, enough))
		logs(t, r, spec, 0)
		hangs(t, r, spec, 6379)
	})
	for _, test := range []struct {
		name, config string
		held         int
		outcome      Outcome
		reason       Reason
		detail       string
	}{
		{"wants a password", open + "requirepass secret\n", 0, Pass, "", ""},
		{"protected", "protected-mode yes\n", 0, Fail, BadStatus, "-DENIED"},
		{"is full", open + "maxclients 2\n", 2, Busy, TooBusy, "max number of clients"},
		{"has no master", open + "replicaof 10.9.9.9 1\nreplica-serve-stale-data no\n", 0, Fail, Loading, "-MASTERDOWN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			start(t, lab.Redis(test.config))
			hold(t, test.held, 6379, []byte("PING\r\n"), true)
			want(t, test.name, check(t, spec, enough), test.outcome, test.reason, test.detail)
		})
	}
	t.Run("loads", func(t *testing.T) {
		r := start(t, lab.Redis(open+"enable-debug-command yes\n"))
		for _, command := range []string{"DEBUG POPULATE 5000", "SAVE"} {
			args := append([]string{"/usr/bin/redis-cli"}, strings.Fields(command)...)
			if out, err := r.Run(args...); err != nil || !strings.Contains(out, "OK") {
				t.Fatalf("%s: %q, %v", command, out, err)
			}
		}
		if err := r.Kill(); err != nil {
			t.Fatal(err)
		}
		slow := "dir /var/lib/redis\n" + open + "key-load-delay 5000\nloading-process-events-interval-bytes 1024\n"
		if err := r.WriteFile("etc/redis/lab.conf", slow); err != nil {
			t.Fatal(err)
		}
		if err := r.Start(); err != nil {
			t.Fatal(err)
		}
		want(t, "loading", check(t, spec, enough), Fail, Loading, "-LOADING")
	})
}
