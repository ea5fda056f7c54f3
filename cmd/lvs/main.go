// Command lvs manages Linux Virtual Server. Everything it does is in the room
// commands.
package main

import (
	"os"

	"lvs/commands"
)

func main() { os.Exit(commands.Main()) }
