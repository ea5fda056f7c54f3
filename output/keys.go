package output

// ColumnKeys lists the column keys of a kind, for completion and messages. An
// unknown kind has none. The groups of ConnectionGroupList are named by what
// they are grouped by; only the columns they always have are listed.
func ColumnKeys(name string) []string {
	switch name {
	case "ServiceList":
		k := serviceKind(Plain)
		return k.keys()
	case "ServerList":
		k := serverKind(Plain)
		return k.keys()
	case "ConnectionList":
		k := connectionKind()
		return k.keys()
	case "ConnectionGroupList":
		k, _ := groupKind(nil) // no key, no error
		return k.keys()
	case "Timeouts":
		k := timeoutsKind()
		return k.keys()
	case "DaemonList":
		k := daemonKind()
		return k.keys()
	case "Totals":
		k := totalsKind()
		return k.keys()
	case "ChangeList":
		k := changeKind()
		return k.keys()
	case "Version":
		k := versionKind()
		return k.keys()
	}
	return nil
}
