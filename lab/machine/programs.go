package machine

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// serverPackages are server programs that people put behind IPVS, and coreutils and dash
// for their scripts.
var serverPackages = []string{
	"nginx-light", "haproxy", "squid",
	"postfix", "dovecot-imapd", "dovecot-pop3d",
	"slapd", "ldap-utils", "bind9", "unbound",
	"mariadb-server-core", "postgresql-15", "redis-server",
	"openssl", "coreutils", "dash",
}

// unusedPackages are dependencies that nothing in the lab loads: the compiler of
// PostgreSQL's queries, translations, Perl, Python's modules, and what an installation runs.
var unusedPackages = []string{
	"libllvm14", "libz3-4", "libpython3.11-stdlib", "libpython3.11-minimal",
	"perl", "perl-base", "perl-modules-5.36", "libperl5.36",
	"locales", "libc-l10n", "tzdata", "dpkg", "tar", "e2fsprogs", "usrmerge", "passwd",
	"adduser", "cron", "logrotate", "iproute2", "psmisc",
}

// Programs returns a tree (usr, etc) with server programs of the host's release and all
// that they need, as Debian packs them: nothing in it was configured. The C library is in
// it, so it can be the root of a process.
func (c *Cache) Programs(ctx context.Context) (string, error) {
	key := strings.Join(slices.Concat(serverPackages, unusedPackages), " ")
	name := fmt.Sprintf("programs-%s-%08x", hostRelease(), crc32.ChecksumIEEE([]byte(key)))
	return c.folder(name, func(dir string) error {
		c.say("fetching server programs (nginx, postfix, dovecot, slapd, PostgreSQL …; 95 MB)…")
		if err := fetchClosure(ctx, dir, unusedPackages, serverPackages...); err != nil {
			return err
		}
		return errors.Join(
			keepOnly(dir, "usr", "etc"),
			keepOnly(filepath.Join(dir, "usr"), "bin", "sbin", "lib", "lib64", "share"),
			os.RemoveAll(filepath.Join(dir, "usr/share/doc")),
		)
	})
}
