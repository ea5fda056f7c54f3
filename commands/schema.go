package commands

import (
	"github.com/spf13/cobra"

	"lvs/cluster"
	"lvs/output"
)

type schema struct{ app *App }

func newSchema(a *App) *cobra.Command {
	o := &schema{app: a}
	return &cobra.Command{
		Use:   "schema [cluster]",
		Short: "Print the JSON Schema of -o json or of the cluster file",
		Long: `Print the JSON Schema of all documents that -o json can print. Within an apiVersion,
new versions may add keys, but they neither remove a key nor change its type.

lvs schema cluster prints the schema of the cluster file, for editors.`,
		Example: `  lvs schema > lvs.schema.json
  lvs schema | jq '."$defs" | keys'
  lvs schema cluster > cluster.schema.json`,
		RunE:              o.run,
		ValidArgsFunction: oneOf("cluster"),
	}
}

func (o *schema) run(c *cobra.Command, args []string) error {
	text := output.Schema
	if len(args) > 0 && args[0] == "cluster" {
		text, args = cluster.Schema, args[1:]
	}
	hint := "%s prints the schema of -o json, %[1]s cluster that of the cluster file"
	if err := noMore(args, hint, c.CommandPath()); err != nil {
		return err
	}
	_, err := o.app.Out.Write(text())
	return err
}
