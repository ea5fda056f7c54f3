// Command lvs manages IPVS, the load balancer of the Linux kernel. Package commands
// implements it.
package main

import (
	"os"

	"lvs/commands"
)

func main() { os.Exit(commands.Main()) }
