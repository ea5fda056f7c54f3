package ipvsadm

const helpText = `
This is lvs, called as ipvsadm: it takes what ipvsadm takes and prints what
ipvsadm prints. lvs help explains the commands of lvs itself.

Services (SERVICE is one of -t HOST[:PORT], -u HOST[:PORT],
--sctp-service HOST[:PORT], -f MARK and, for IPv6, -f MARK -6):
  -A, --add-service SERVICE [OPTION…]     add one
  -E, --edit-service SERVICE [OPTION…]    replace all that is known of it
  -D, --delete-service SERVICE            delete it with its servers
  -C, --clear                             delete all
    -s, --scheduler NAME       how servers are chosen (wlc)
    -p, --persistent [SECONDS] keep a client with its server (off; 360)
    -M, --netmask MASK         clients of one network count as one
        --pe NAME              persistence engine
    -b, --sched-flags A,B      flag-1 to flag-3, sh-fallback, sh-port,
                               mh-fallback, mh-port
    -o, --ops                  one packet at a time

Servers:
  -a, --add-server SERVICE -r HOST[:PORT] [OPTION…]
  -e, --edit-server SERVICE -r HOST[:PORT] [OPTION…]
  -d, --delete-server SERVICE -r HOST[:PORT]
    -r, --real-server          the server; without a port the service's
    -g, --gatewaying           direct routing, where nothing is said
    -i, --ipip                 through a tunnel
    -m, --masquerading         with its address translated
    -w, --weight N             share of new connections (1; 0 is none)
    -x, --u-threshold N        most connections (0 is no limit)
    -y, --l-threshold N        enough to take new ones again
        --tun-type TYPE        ipip, gue or gre (ipip)
        --tun-port PORT        of a gue tunnel
        --tun-nocsum, --tun-csum, --tun-remcsum

Looking:
  -L, -l, --list [SERVICE]                the table, as without arguments
    -n, --numeric              no names
        --stats, --rate        what was counted, what goes on in a second
        --thresholds, --persistent-conn, --tun-info
    -X, --exact                counters in full
        --sort, --nosort       in order (as always), or as the kernel has it
    -c, --connection           the connections, with --persistent-conn more
        --timeout, --daemon    timeouts, sync daemons
  -Z, --zero [SERVICE]                    counters to zero

Keeping:
  -S, --save [-n]                         write the table
  -R, --restore                           read command lines

The rest:
  --set TCP TCPFIN UDP                    timeouts in seconds, 0 leaves one
  --start-daemon master|backup            synchronise connections
    --mcast-interface NAME (eth0), --mcast-group ADDRESS (224.0.0.81),
    --mcast-port N (8848), --mcast-ttl N (1), --sync-maxlen N, --syncid N (0)
  --stop-daemon master|backup
  -h, --help    -v, --version
`

const saveHelp = `ipvsadm-save writes the table to standard output, with -n in numbers.
`
