package output

// Column is a column as completion, help and man pages show it.
type Column struct{ Key, Help string }

// Columns lists the columns of a kind. An unknown kind has none. The groups of
// ConnectionGroupList also have the columns that they are grouped by, which are
// those of ConnectionList.
func Columns(name string) []Column {
	switch name {
	case "ServiceList":
		return serviceKind(Plain).describe()
	case "ServerList":
		return serverKind(Plain).describe()
	case "ConnectionList":
		return connectionKind().describe()
	case "ConnectionGroupList":
		k, _ := groupKind(nil) // no key, no error
		return k.describe()
	case "Timeouts":
		return timeoutsKind().describe()
	case "DaemonList":
		return daemonKind().describe()
	case "Totals":
		return totalsKind().describe()
	case "ChangeList":
		return changeKind().describe()
	case "HistoryList":
		return historyKind().describe()
	case "EventList":
		return eventKind(true).describe()
	case "DrainList":
		return drainKind().describe()
	case "Version":
		return versionKind().describe()
	}
	return nil
}

// ColumnKeys lists the column keys of a kind, for completion and messages.
func ColumnKeys(name string) []string {
	var keys []string
	for _, c := range Columns(name) {
		keys = append(keys, c.Key)
	}
	return keys
}

func (k kind[T]) describe() []Column {
	out := make([]Column, len(k.columns))
	for i, c := range k.columns {
		out[i] = Column{c.key, c.help}
	}
	return out
}
