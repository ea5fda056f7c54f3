package commands

// The front page of the manual, and of help.
const (
	frontPage = `lvs manages IPVS, the load balancer in the Linux kernel.`

	frontExamples = `  lvs list`
)
