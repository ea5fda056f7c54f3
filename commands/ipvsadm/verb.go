package ipvsadm

// Verb is what a command line does.
type Verb uint8

// The verbs that change services and servers.
const (
	AddService Verb = iota + 1
	EditService
	DeleteService
	Clear
	AddServer
	EditServer
	DeleteServer
	// The others are not part of a saved text.
	listTable
	zeroCounters
	saveTable
	restoreTable
	setTimeouts
	startDaemon
	stopDaemon
	showHelp
	showVersion
)

// verb is a command: the first option of a command line.
type verb struct {
	verb  Verb
	short byte
	long  string
	// called is its name in faults.
	called string
	// arg tells whether its own word has a value.
	arg argument
	// needs must be given, takes may be.
	needs, takes groups
}

var verbs = []verb{
	{AddService, 'A', "add-service", "add-service", without, service, ofService},
	{EditService, 'E', "edit-service", "edit-service", without, service, ofService},
	{DeleteService, 'D', "delete-service", "delete-service", without, service, 0},
	{Clear, 'C', "clear", "flush", without, 0, 0},
	{AddServer, 'a', "add-server", "add-server", without, service | server, ofServer},
	{EditServer, 'e', "edit-server", "edit-server", without, service | server, ofServer},
	{DeleteServer, 'd', "delete-server", "delete-server", without, service | server, 0},
	{listTable, 'L', "list", "list", without, 0, service | numeric | connections | timeouts | daemons | ofList | nosort | exact | syncID},
	{listTable, 'l', "", "list", without, 0, service | numeric | connections | timeouts | daemons | ofList | nosort | exact | syncID},
	{zeroCounters, 'Z', "zero", "zero", without, 0, service},
	{saveTable, 'S', "save", "save", without, 0, numeric},
	{restoreTable, 'R', "restore", "restore", without, 0, 0},
	{setTimeouts, 0, "set", "set", without, 0, 0},
	{startDaemon, 0, "start-daemon", "start-daemon", required, 0, ofDaemon},
	{stopDaemon, 0, "stop-daemon", "stop-daemon", required, 0, syncID},
	{showHelp, 'h', "help", "help", without, 0, 0},
	{showVersion, 'v', "version", "version", without, 0, 0},
}

// findVerb gives the verb with a long name, or with a letter.
func findVerb(long string, short byte) *verb {
	for i := range verbs {
		if v := &verbs[i]; long != "" && v.long == long || short != 0 && v.short == short {
			return v
		}
	}
	return nil
}

// name is a verb as a person writes it.
func (v *verb) name() string {
	if v.short != 0 {
		return "-" + string(v.short)
	}
	return "--" + v.long
}

// changes tells whether the verb belongs into a saved text.
func (v *verb) changes() bool { return v.verb <= DeleteServer }
