package lab

import (
	"fmt"
	"maps"
	"strings"
	"syscall"
)

// Nginx runs nginx. server is what its block server has: listen, location and so on.
// Requests are logged.
func Nginx(server string, ports ...uint16) Program {
	return Program{
		Name: "nginx",
		Files: map[string]string{"etc/nginx/nginx.conf": `
daemon off;
error_log stderr notice;
events { worker_connections 64; }
http {
	access_log /dev/stdout;
	server {
` + server + `
	}
}
`},
		Folders: map[string]uint32{"var/log/nginx": 0, "var/lib/nginx": 0, "var/www": 0},
		Command: []string{"/usr/sbin/nginx"},
		Reload:  syscall.SIGHUP,
		Ports:   ports,
	}
}

// HAProxy runs haproxy. config has its frontends, backends and listens.
func HAProxy(config string, ports ...uint16) Program {
	return Program{
		Name: "haproxy",
		Files: map[string]string{"etc/haproxy/haproxy.cfg": `
global
	log stdout format raw local0
	maxconn 200
defaults
	log global
	mode http
	option httplog
	timeout connect 2s
	timeout client 10s
	timeout server 10s
` + config + "\n"},
		Command: []string{"/usr/sbin/haproxy", "-W", "-db", "-f", "/etc/haproxy/haproxy.cfg"},
		Reload:  syscall.SIGUSR2,
		Ports:   ports,
	}
}

// Squid runs squid on port 3128, with lines of its configuration that come first.
func Squid(config string) Program {
	proxy := programUsers["proxy"]
	return Program{
		Name: "squid",
		Files: map[string]string{"etc/squid/squid.conf": config + `
acl to_all src all
acl loopback src 127.0.0.1/32
http_access allow loopback
http_access deny all
http_port 3128
cache_mem 8 MB
cache deny all
access_log stdio:/var/log/squid/access.log
cache_log /dev/null
visible_hostname lab.example
pid_filename none
shutdown_lifetime 1 seconds
pinger_enable off
netdb_filename none
`},
		Folders: map[string]uint32{"var/spool/squid": proxy, "var/log/squid": proxy},
		Command: []string{"/usr/sbin/squid", "-N", "-C", "-d", "1"},
		Reload:  syscall.SIGHUP,
		LogFile: "var/log/squid/access.log",
		Ports:   []uint16{3128},
	}
}

// Postfix runs postfix's smtpd on port 25 with STARTTLS, with lines for main.cf that come
// last.
func Postfix(main string) Program {
	postfix := programUsers["postfix"]
	folders := map[string]uint32{"var/spool/postfix": 0, "var/lib/postfix": postfix, "var/mail": 0}
	for _, name := range []string{"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
		"private", "saved", "trace", "maildrop", "public"} {
		folders["var/spool/postfix/"+name] = postfix
	}
	folders["var/spool/postfix/pid"] = 0
	p := Program{
		Name: "postfix",
		Files: map[string]string{
			"etc/postfix/main.cf": `
compatibility_level = 3.6
myhostname = lab.example
mydestination = lab.example
inet_interfaces = all
inet_protocols = ipv4
maillog_file = /var/log/mail
alias_maps =
alias_database =
local_recipient_maps =
smtpd_tls_cert_file = /` + certificateFile + `
smtpd_tls_key_file = /` + keyFile + `
smtpd_tls_security_level = may
tls_random_source = dev:/dev/urandom
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
` + main + "\n",
			"etc/postfix/master.cf": postfixServices,
		},
		Folders: folders,
		Command: []string{"/usr/lib/postfix/sbin/master", "-d", "-c", "/etc/postfix"},
		Reload:  syscall.SIGHUP,
		LogFile: "var/log/mail",
		Ports:   []uint16{25},
	}
	return p.withCertificate()
}

const postfixServices = `
25        inet  n - n - -   smtpd
pickup    unix  n - n 60 1  pickup
cleanup   unix  n - n - 0   cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - -   trivial-rewrite
bounce    unix  - - n - 0   bounce
defer     unix  - - n - 0   bounce
error     unix  - - n - -   error
retry     unix  - - n - -   error
discard   unix  - - n - -   discard
local     unix  - n n - -   local
anvil     unix  - - n - 1   anvil
scache    unix  - - n - 1   scache
proxymap  unix  - - n - -   proxymap
postlog   unix-dgram n - n - 1 postlogd
`

// Dovecot runs dovecot's IMAP on port 143 and POP3 on port 110, with STARTTLS, and lines of
// its configuration that come last.
func Dovecot(config string) Program {
	p := Program{
		Name: "dovecot",
		Files: map[string]string{
			"etc/dovecot/dovecot.conf": `
protocols = imap pop3
listen = *
ssl = yes
ssl_cert = </` + certificateFile + `
ssl_key = </` + keyFile + `
log_path = /dev/stderr
mail_location = maildir:/var/mail/%u
first_valid_uid = 100
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=/var/mail
}
service imap-login {
  inet_listener imaps {
    port = 993
  }
}
` + config + "\n",
			"usr/share/dovecot/dh.pem": "", // only for old suites
		},
		Folders: map[string]uint32{"var/mail": programUsers["vmail"], "var/lib/dovecot": 0, "run/dovecot": 0},
		Command: []string{"/usr/sbin/dovecot", "-F"},
		Reload:  syscall.SIGHUP,
		Ports:   []uint16{143, 110},
	}
	return p.withCertificate()
}

// Slapd runs slapd on port 389 with the suffix dc=lab, with lines of its global
// configuration.
func Slapd(config string) Program {
	p := Program{
		Name: "slapd",
		Files: map[string]string{
			"etc/ldap/slapd.conf": `
include /etc/ldap/schema/core.schema
pidfile /run/slapd/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
` + config + `
database mdb
suffix "dc=lab"
rootdn "cn=admin,dc=lab"
rootpw secret
directory /var/lib/ldap
maxsize 1048576
`,
			"etc/ldap/lab.ldif": "dn: dc=lab\nobjectClass: dcObject\nobjectClass: organization\no: lab\ndc: lab\n",
		},
		Folders: map[string]uint32{"var/lib/ldap": 0, "run/slapd": 0},
		Prepare: [][]string{{"/usr/sbin/slapadd", "-f", "/etc/ldap/slapd.conf", "-l", "/etc/ldap/lab.ldif"}},
		Command: []string{"/usr/sbin/slapd", "-f", "/etc/ldap/slapd.conf", "-h", "ldap://0.0.0.0:389/", "-d", "stats"},
		Ports:   []uint16{389},
	}
	return p.withCertificate()
}

// SlapdTLS are the lines for Slapd that allow StartTLS.
const SlapdTLS = "TLSCertificateFile /" + certificateFile + "\nTLSCertificateKeyFile /" + keyFile + "\n"

// Bind runs BIND's named on port 53 with the zone example, and options of its block options.
func Bind(options string) Program {
	bind := programUsers["bind"]
	return Program{
		Name: "named",
		Files: map[string]string{
			"etc/bind/lab.conf": `
options {
	directory "/var/cache/bind";
	listen-on { any; };
	listen-on-v6 { none; };
	recursion no;
	` + options + `
};
logging {
	channel said { stderr; severity info; };
	category default { said; };
	category queries { said; };
};
zone "example" { type primary; file "/etc/bind/db.example"; };
`,
			"etc/bind/db.example": "$TTL 60\n@ SOA ns.example. admin.example. 1 60 60 60 60\n@ NS ns\nns A 192.0.2.53\n" +
				"www A 192.0.2.80\n",
		},
		Folders: map[string]uint32{"var/cache/bind": bind, "run/named": bind},
		Command: []string{"/usr/sbin/named", "-f", "-u", "bind", "-c", "/etc/bind/lab.conf"},
		Reload:  syscall.SIGHUP,
		Ports:   []uint16{53},
	}
}

// Unbound runs unbound on port 53, with lines of its block server.
func Unbound(server string) Program {
	return Program{
		Name: "unbound",
		Files: map[string]string{"etc/unbound/lab.conf": `
server:
	interface: 0.0.0.0
	do-daemonize: no
	use-syslog: no
	logfile: ""
	log-queries: yes
	chroot: ""
	username: unbound
	pidfile: ""
	module-config: iterator
	local-data: "www.example. A 192.0.2.80"
	` + strings.ReplaceAll(server, "\n", "\n\t") + "\n"},
		Folders: map[string]uint32{"var/lib/unbound": programUsers["unbound"]},
		Command: []string{"/usr/sbin/unbound", "-d", "-c", "/etc/unbound/lab.conf"},
		Reload:  syscall.SIGHUP,
		Ports:   []uint16{53},
	}
}

// MariaDB runs MariaDB on port 3306, with lines of its block mariadbd.
func MariaDB(config string) Program {
	mysql := programUsers["mysql"]
	return Program{
		Name: "mariadbd",
		Files: map[string]string{"etc/mysql/lab.cnf": `
[mariadbd]
datadir = /var/lib/mysql
socket = /run/mysqld/mysqld.sock
pid_file = /run/mysqld/mysqld.pid
bind_address = 0.0.0.0
innodb_log_file_size = 4M
innodb_buffer_pool_size = 8M
log_warnings = 2
` + config + "\n"},
		Folders: map[string]uint32{"var/lib/mysql": mysql, "run/mysqld": mysql},
		User:    mysql,
		Prepare: [][]string{{"/bin/sh", "-c", mariaBootstrap}},
		Command: []string{"/usr/sbin/mariadbd", "--defaults-file=/etc/mysql/lab.cnf"},
		Ports:   []uint16{3306},
	}
}

// mariaBootstrap makes the system tables, as mariadb-install-db does. Nobody may log in from
// outside then.
const mariaBootstrap = `cd /usr/share/mysql
{ echo 'create database mysql;'; echo 'use mysql;'; cat mysql_system_tables.sql mysql_system_tables_data.sql
} | /usr/sbin/mariadbd --defaults-file=/etc/mysql/lab.cnf --bootstrap`

// PostgreSQL runs PostgreSQL on port 5432, with lines for postgresql.conf. Other hosts may
// log in with a password only.
func PostgreSQL(config string) Program {
	postgres := programUsers["postgres"]
	const binaries, data = "/usr/lib/postgresql/15/bin/", "/var/lib/postgresql"
	settings := "shared_buffers = 4MB\nfsync = off\nlisten_addresses = '*'\nlog_connections = on\n" +
		"unix_socket_directories = '/run/postgresql'\nlog_min_messages = info\n" + config + "\n"
	p := Program{
		Name:    "postgres",
		Files:   map[string]string{"etc/postgresql/lab.conf": settings},
		Folders: map[string]uint32{"var/lib/postgresql": postgres, "run/postgresql": postgres},
		User:    postgres,
		Prepare: [][]string{
			{binaries + "initdb", "-D", data, "--auth-host=scram-sha-256", "--auth-local=trust", "--no-sync", "-U", "postgres"},
			{"/bin/sh", "-c", "echo \"include '/etc/postgresql/lab.conf'\" >> " + data + "/postgresql.conf"},
			{"/bin/sh", "-c", "cp /" + certificateFile + " " + data + "/server.crt; cp /" + keyFile + " " + data +
				"/server.key; chmod 600 " + data + "/server.key"},
		},
		Command: []string{binaries + "postgres", "-D", data},
		Reload:  syscall.SIGHUP,
		Ports:   []uint16{5432},
	}
	return p.withCertificate()
}

// Redis runs Redis on port 6379, with lines of its configuration.
func Redis(config string) Program {
	return Program{
		Name:    "redis-server",
		Files:   map[string]string{"etc/redis/lab.conf": "dir /var/lib/redis\nsave \"\"\nloglevel verbose\n" + config + "\n"},
		Folders: map[string]uint32{"var/lib/redis": programUsers["redis"]},
		User:    programUsers["redis"],
		Command: []string{"/usr/bin/redis-server", "/etc/redis/lab.conf"},
		Ports:   []uint16{6379},
	}
}

// With returns the program with other files in place of its own.
func (p Program) With(files map[string]string) Program {
	own := maps.Clone(p.Files)
	maps.Copy(own, files)
	p.Files = own
	return p
}

// withCertificate adds a certificate for a month.
func (p Program) withCertificate() Program {
	certificate, key, err := Certificate(30 * 24 * 60 * 60 * 1e9)
	if err != nil {
		panic(fmt.Sprintf("lab: a new certificate: %v", err)) // of constants
	}
	return p.With(map[string]string{certificateFile: certificate, keyFile: key})
}
