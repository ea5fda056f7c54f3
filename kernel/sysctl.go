package kernel

// Names of sysctls of net.ipv4.vs that decide what becomes of connections
// (Documentation/networking/ipvs-sysctl.rst). All are 0 or 1.
const (
	// ExpireNodestConn: packets of a connection whose server was deleted end that
	// connection, so that the client is sent to another server. At 0 they are
	// dropped until the connection times out.
	ExpireNodestConn = "expire_nodest_conn"
	// ExpireQuiescentTemplate: a client that persistence binds to a server of
	// weight 0 is sent to another server. At 0 it keeps its server.
	ExpireQuiescentTemplate = "expire_quiescent_template"
	// RunEstimation: the kernel keeps counters and rates up to date (Linux 6.2).
	RunEstimation = "run_estimation"
)

// Switch reports whether a sysctl is on, that is not 0. known is false if the
// kernel does not have it or it could not be read.
func Switch(all []Sysctl, name string) (on, known bool) {
	for _, s := range all {
		if s.Name == name {
			return s.Value != "0", true
		}
	}
	return false, false
}
