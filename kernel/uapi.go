package kernel

// Numbers of the kernel's IPVS netlink interface, from
// include/uapi/linux/ip_vs.h. moby/ipvs has the older ones, but does not export
// them.

const genlName = "IPVS"

// Commands (IPVS_CMD_…).
const (
	cmdNewService = 1 + iota
	cmdSetService
	cmdDelService
	cmdGetService
	cmdNewDest
	cmdSetDest
	cmdDelDest
	cmdGetDest
	cmdNewDaemon
	cmdDelDaemon
	cmdGetDaemon
	_ // set config: moby/ipvs
	cmdGetConfig
	_ // set info: unused by the kernel
	cmdGetInfo
	cmdZero
)

// Attributes of a command (IPVS_CMD_ATTR_…).
const (
	attrService = 1 + iota
	attrDest
	attrDaemon
	attrTimeoutTCP // seconds, like the next two
	attrTimeoutTCPFin
	attrTimeoutUDP
)

// Attributes of a service (IPVS_SVC_ATTR_…).
const (
	svcFamily = 1 + iota
	svcProtocol
	svcAddr
	svcPort
	svcFWMark
	svcScheduler
	svcFlags
	svcTimeout
	svcNetmask
	svcStats
	svcEngine
	svcStats64
)

// Attributes of a real server (IPVS_DEST_ATTR_…).
const (
	destAddr = 1 + iota
	destPort
	destForward
	destWeight
	destUpper
	destLower
	destActive
	destInactive
	destPersistent
	destStats
	destFamily
	destStats64
	destTunType
	destTunPort
	destTunFlags
)

// Attributes of a sync daemon (IPVS_DAEMON_ATTR_…).
const (
	daemonState = 1 + iota
	daemonInterface
	daemonID
	daemonMaxLen
	daemonGroup
	daemonGroup6
	daemonPort
	daemonTTL
)

// Attributes of statistics (IPVS_STATS_ATTR_…), both widths.
const (
	statConns = 1 + iota
	statInPkts
	statOutPkts
	statInBytes
	statOutBytes
	statCPS
	statInPPS
	statOutPPS
	statInBPS
	statOutBPS
)

// Attributes of the info answer (IPVS_INFO_ATTR_…).
const (
	infoVersion = 1 + iota
	infoTableSize
)

// Service flags (IP_VS_SVC_F_…). The scheduler's three flags begin at flagSched.
const (
	flagPersistent = 1 << 0
	flagHashed     = 1 << 1 // set by the kernel
	flagOnePacket  = 1 << 2
	flagSched      = 1 << 3
)

// forwardMask selects the forwarding method from the flags of a connection
// (IP_VS_CONN_F_FWD_MASK).
const forwardMask = 7

// The generic netlink controller, from include/uapi/linux/genetlink.h.
const (
	ctrlID         = 16
	ctrlGetFamily  = 3
	ctrlFamilyID   = 1
	ctrlFamilyName = 2
)

// Netlink framing, from include/uapi/linux/netlink.h.
const (
	headerLen = 16 // struct nlmsghdr
	genlLen   = 4  // struct genlmsghdr
	attrLen   = 4  // struct nlattr

	msgError = 2
	msgDone  = 3

	flagRequest  = 0x01
	flagAck      = 0x04
	flagDumpIntr = 0x10
	flagDump     = 0x300

	attrTypeMask = 0x3fff // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
)
