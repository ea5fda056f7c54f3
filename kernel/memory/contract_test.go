package memory_test

import (
	"testing"

	"lvs/kernel"
	"lvs/kernel/contract"
	"lvs/kernel/memory"
)

func TestContract(t *testing.T) {
	contract.Run(t, func(*testing.T) kernel.Kernel {
		k := memory.New()
		k.Interface(contract.Interface, contract.MTU)
		return k
	})
}

func TestContractDenied(t *testing.T) {
	k := memory.New()
	contract.Denied(t, k, k.Deny)
}
