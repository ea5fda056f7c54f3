package commands

// otherWords are words for what can be done to services and servers.
func otherWords() map[string]string {
	return map[string]string{
		"add": "add", "create": "add", "new": "add",
		"delete": "delete", "del": "delete", "rm": "delete", "remove": "delete", "erase": "delete",
		"edit": "edit", "change": "edit", "modify": "edit", "set": "edit",
		"show": "show", "get": "show",
	}
}

// otherVerbs are words of other tools for verbs of the first level.
func otherVerbs() map[string]string {
	return map[string]string{
		"stop": "drain", "disable": "drain", "maintenance": "drain",
		"enable": "undrain", "start": "undrain",
		"test": "validate", "check": "validate",
		"journal": "history", "log": "history",
		"revert": "undo", "rollback": "undo",
		"flush": "clear", "plan": "diff", "reload": "apply",
	}
}
