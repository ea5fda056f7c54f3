package commands

import (
	"github.com/spf13/cobra"

	"lvs/output"
)

type schema struct{ app *App }

func (a *App) newSchema() *cobra.Command {
	o := &schema{app: a}
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of what -o json prints",
		Long: `Prints the JSON Schema of every document that -o json can print. Within one
apiVersion keys may be added; none disappears or changes its type.`,
		Example: `  lvs schema > lvs.schema.json
  lvs schema | jq '."$defs" | keys'`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
}

func (o *schema) run(_ *cobra.Command, args []string) error {
	if err := noMore(args); err != nil {
		return err
	}
	_, err := o.app.Out.Write(output.Schema())
	return err
}
