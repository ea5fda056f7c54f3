package output

import "io"

// ErrorRow is a failure, as -o json shows it on standard error.
type ErrorRow struct {
	What       string     `json:"what" doc:"What was tried."`
	Why        string     `json:"why" doc:"Why it failed."`
	Hint       *string    `json:"hint" doc:"What may cure it. Null when nothing is known to."`
	ExitStatus int        `json:"exitStatus" doc:"The exit status of the command."`
	Faults     []FaultRow `json:"faults" doc:"Every fault of the input. Empty when the input is not at fault."`
}

// FaultRow is a fault in the input.
type FaultRow struct {
	File   *string `json:"file" doc:"The file. Null when it is the command line or standard input."`
	Line   *int    `json:"line" doc:"The line, from 1. Null when it has none."`
	Column *int    `json:"column" doc:"The column in characters, from 1. Null when it has none."`
	Text   *string `json:"text" doc:"The offending text; of a cluster file the line. Null when something is missing."`
	Why    string  `json:"why" doc:"What is wrong with it."`
	Hint   *string `json:"hint" doc:"What may cure it. Null when nothing is known to."`
}

// errorDocument is the envelope of a failure.
type errorDocument struct {
	APIVersion string   `json:"apiVersion" doc:"The version of this contract."`
	Kind       string   `json:"kind" doc:"Error."`
	Error      ErrorRow `json:"error" doc:"The failure."`
}

// WriteError writes the failure as one line of JSON. There is nobody left to
// tell when that fails too.
func WriteError(w io.Writer, e ErrorRow) {
	if e.Faults == nil {
		e.Faults = []FaultRow{}
	}
	b, err := appendValue(nil, errorDocument{apiVersion, "Error", e})
	if err == nil {
		_, _ = w.Write(append(b, '\n'))
	}
}
