package kerneltest_test

import (
	"testing"

	"lvs/kernel"
	"lvs/kernel/kerneltest"
	"lvs/kernel/kerneltest/contract"
)

func TestContract(t *testing.T) {
	contract.Run(t, func(*testing.T) kernel.Kernel {
		k := kerneltest.New()
		k.Interface(contract.Interface, contract.MTU)
		return k
	})
}

func TestContractDenied(t *testing.T) {
	k := kerneltest.New()
	contract.Denied(t, k, k.Deny)
}
