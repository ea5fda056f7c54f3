package main

import (
	"context"
	"fmt"
	"io"

	"lvs/lab"
)

// demo shows a director with live traffic, listed by lvs.
func demo(ctx context.Context, lvs string, args []string, out io.Writer) (err error) {
	c, err := lab.StartCluster(lab.Options{Clients: 2, Servers: 3, Forward: lab.NAT, Prefix: "demo"})
	if err != nil {
		return err
	}
	defer func() {
		if e := c.Close(); err == nil {
			err = e
		}
	}()
	for _, s := range c.Servers {
		if err := s.ServeHTTP(80); err != nil {
			return err
		}
	}
	text, err := c.Director.Run(lvs, "list")
	fmt.Fprint(out, text)
	return err
}
