package output

// DirectorRow is the state of a running director.
type DirectorRow struct {
	PID     int    `json:"pid" doc:"The process of the director."`
	Version string `json:"version" doc:"The version of its program."`
	Started string `json:"started" doc:"When it was started, in UTC."`
	At      string `json:"at" doc:"When the director found this state, in UTC."`

	Netns   *string  `json:"netns" doc:"The network namespace that it works in. Null is that of its process."`
	Cluster *string  `json:"cluster" doc:"The name in the cluster files. Null if they have none."`
	Files   []string `json:"files" doc:"The cluster files, with absolute paths."`
	Loaded  string   `json:"loaded" doc:"When the files in force were read, in UTC."`
	Refused *string  `json:"refused" doc:"Why the newest reading of the files was refused. Null if it was not."`

	RefusedAt *string `json:"refusedAt" doc:"When it was refused, in UTC. Null if it was not."`

	Frozen *FrozenRow `json:"frozen" doc:"Why the director changes nothing at the moment. Null if it does."`
	Role   *string    `json:"role" doc:"What it does beside other directors: active or backup. Null without a role."`

	Services []DirectedServiceRow `json:"services" doc:"The services of the files, in their order."`

	Addresses []AddressRow `json:"addresses" doc:"The virtual addresses of the services, sorted."`

	Drift  []DriftRow `json:"drift" doc:"What someone else changed in the table, and the director has not repaired."`
	Alarms []AlarmRow `json:"alarms" doc:"Faults of the director itself and of its surroundings."`
	Checks ChecksRow  `json:"checks" doc:"Numbers about all checks."`

	Resync *float64 `json:"resync" doc:"How long the newest comparison of the whole table took, in s. Null before it."`
}

// AddressRow is a virtual address over all its services.
type AddressRow struct {
	Address string  `json:"address" doc:"The address."`
	State   string  `json:"state" doc:"degraded: some services are up and some down." enum:"addressState"`
	Since   *string `json:"since" doc:"When one of its services changed last, in UTC. Null before it."`
	Up      int     `json:"up" doc:"Its services that are up."`
	Down    int     `json:"down" doc:"Its services that are down."`
	Unknown int     `json:"unknown" doc:"Its services without a verdict."`
}

// FrozenRow is why a director changes nothing.
type FrozenRow struct {
	Since string `json:"since" doc:"When it began, in UTC."`
	Why   string `json:"why" doc:"The reason."`
}

// DriftRow is a difference between the table and what the director set.
type DriftRow struct {
	Since   string  `json:"since" doc:"When it was seen first, in UTC."`
	Service string  `json:"service" doc:"The service's id."`
	Server  *string `json:"server" doc:"The server's id. Null if the service itself differs."`
	What    string  `json:"what" doc:"How it differs." enum:"drift"`
	Have    *string `json:"have" doc:"The value in the table. Null if there is none."`
	Want    *string `json:"want" doc:"The value that the director set. Null if there is none."`
}

// AlarmRow is a fault that an admin should know about.
type AlarmRow struct {
	Since string  `json:"since" doc:"When it began, in UTC."`
	Code  string  `json:"code" doc:"The kind of fault, the same in all versions."`
	What  string  `json:"what" doc:"The fault."`
	Fix   *string `json:"fix" doc:"What to do. Null if nothing is known."`
}

// ChecksRow has numbers about the checks since the start.
type ChecksRow struct {
	Probes    int     `json:"probes" doc:"Different checks: services with the same server share one."`
	PerSecond float64 `json:"perSecond" doc:"How many are due in a second."`
	Done      uint64  `json:"done" doc:"Results since the start."`
	Late      uint64  `json:"late" doc:"Checks that began more than 100 ms late."`
	Local     uint64  `json:"local" doc:"Checks that this machine could not make."`
}

// DirectedServiceRow is a service that a director keeps.
type DirectedServiceRow struct {
	Service string  `json:"service" doc:"The service's id."`
	Name    *string `json:"name" doc:"The name in the file. Null if it has none."`
	State   string  `json:"state" doc:"up: it has its quorum; unknown: before the first verdicts." enum:"serviceState"`
	Since   *string `json:"since" doc:"When the state began, in UTC. Null if it has not begun."`
	Healthy int     `json:"healthy" doc:"The number of servers that are up, or have no check."`
	All     int     `json:"all" doc:"The number of servers, without the fallback."`
	Weight  int64   `json:"weight" doc:"The sum of the weights in the table."`

	Declared  int64 `json:"declared" doc:"The sum of the weights in the file."`
	DownBelow int64 `json:"downBelow" doc:"The service is down below this: healthy servers, or their weight."`
	UpFrom    int64 `json:"upFrom" doc:"It is up again from this on: healthy servers, or their weight."`
	ByWeight  bool  `json:"byWeight" doc:"The two limits are weights, not numbers of servers."`
	MinLeft   int   `json:"minLeft" doc:"Drain and weight ask below this percentage of the weight. 0: the usual one."`
	Tier      int   `json:"tier" doc:"The highest tier in use; the first is 0."`

	FallbackInUse bool `json:"fallbackInUse" doc:"The fallback server gets the traffic."`

	Servers []DirectedServerRow `json:"servers" doc:"The servers, in the order of the file; last the fallback."`
}

// DirectedServerRow is a server that a director keeps in a service.
type DirectedServerRow struct {
	Service  string `json:"service" doc:"The service's id."`
	Server   string `json:"server" doc:"The server's id within its service."`
	Tier     int    `json:"tier" doc:"0 is the first choice."`
	Fallback bool   `json:"fallback" doc:"It is the fallback server."`

	Admin       string  `json:"admin" doc:"What an admin decided." enum:"admin"`
	AdminSince  *string `json:"adminSince" doc:"When it was decided, in UTC. Null if unknown, or nothing was."`
	AdminUntil  *string `json:"adminUntil" doc:"When the decision ends automatically, in UTC. Null is never."`
	By          *string `json:"by" doc:"Who decided it. Null if unknown, or nobody did."`
	AdminReason *string `json:"adminReason" doc:"The text of --reason. Null without it."`
	AdminWeight *int    `json:"adminWeight" doc:"The weight that an admin set. Null if none did."`

	Health  string  `json:"health" doc:"What all checks together found." enum:"health"`
	Checked bool    `json:"checked" doc:"It has a check. Without one it counts as up."`
	Since   *string `json:"since" doc:"When the health changed last, in UTC. Null if it never did."`
	Flaps   int     `json:"flaps" doc:"How often it changed in the last hour."`
	Suspect bool    `json:"suspect" doc:"New connections of clients stay half open, which those of other servers do not."`

	Declared     int     `json:"declared" doc:"The weight in the file."`
	WeightWanted *int    `json:"weightWanted" doc:"The weight it should have now. Null: none, not in the table."`
	Weight       *int    `json:"weight" doc:"The weight in the table. Null: it is not in the table."`
	Why          string  `json:"why" doc:"Why it has the wanted weight." enum:"why"`
	Changes      *string `json:"changes" doc:"When time alone will change the wanted weight, in UTC. Null if it will not."`

	Checks []DirectedCheckRow `json:"checks" doc:"Its checks."`
}

// DirectedCheckRow is a check of a server.
type DirectedCheckRow struct {
	Kind    string  `json:"kind" doc:"The type of the check, as in the cluster file."`
	Target  string  `json:"target" doc:"What is asked: an address with its port, a program, or a file."`
	Verdict string  `json:"verdict" doc:"What its results add up to." enum:"health"`
	Since   *string `json:"since" doc:"When the verdict began, in UTC. Null before the first."`
	Row     int     `json:"row" doc:"How many results in a row differ from the verdict."`
	Passed  uint64  `json:"passed" doc:"Good results since it began."`
	Failed  uint64  `json:"failed" doc:"Bad results since it began."`
	Next    *string `json:"next" doc:"When it asks again, in UTC. Null if that is not known."`

	Last *CheckResultRow `json:"last" doc:"The last result. Null before the first."`
}

// CheckResultRow is one result of a check.
type CheckResultRow struct {
	At      string  `json:"at" doc:"When it came, in UTC."`
	Took    float64 `json:"took" doc:"How long it took, in seconds."`
	Outcome string  `json:"outcome" doc:"busy and local change no verdict." enum:"checkOutcome"`
	Reason  *string `json:"reason" doc:"Why it is no pass, one word. Null if it is one."`
	Detail  *string `json:"detail" doc:"What the server or the system said. Null if nothing."`
	Text    string  `json:"text" doc:"All that in words."`
	Expires *string `json:"expires" doc:"When the certificate ends, in UTC. Null if unknown."`
	Soon    bool    `json:"soon" doc:"The certificate ends soon, as the check defines it."`
	Agent   *string `json:"agent" doc:"What the server said about itself. Null if nothing."`
}

// DirectorEventRow is something that a director did or noticed.
type DirectorEventRow struct {
	ID      uint64  `json:"id" doc:"It counts from 1 since the director started."`
	Time    string  `json:"time" doc:"When it happened, in UTC."`
	Event   string  `json:"event" doc:"The kind of event." enum:"directorEvent"`
	Service *string `json:"service" doc:"The service's id. Null if it concerns none."`
	Server  *string `json:"server" doc:"The server's id. Null if it concerns none."`
	From    *string `json:"from" doc:"The old value: a health, an admin state, a weight. Null if there is none."`
	To      *string `json:"to" doc:"The new value. Null if there is none."`
	Why     *string `json:"why" doc:"Why a server has its weight. Null for other events." enum:"why"`
	Check   *string `json:"check" doc:"The type of the check that decided. Null if none did."`
	By      *string `json:"by" doc:"Who decided it. Null if nobody did."`
	Reason  *string `json:"reason" doc:"The text of --reason. Null without it."`
	Text    string  `json:"text" doc:"All that in words."`

	Result *CheckResultRow `json:"result" doc:"The result that decided. Null if none did."`
}
