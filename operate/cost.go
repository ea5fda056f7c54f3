package operate

import (
	"context"

	"lvs/kernel"
	"lvs/plan"
)

// CostOfDrained returns what it cuts to delete those of the servers that are drained.
func (o *Operator) CostOfDrained(ctx context.Context, w *Watch, drained []Drain) (plan.Cost, error) {
	var changes []kernel.Change
	var keys []kernel.ServerKey
	for i := range drained {
		if d := &drained[i]; d.State == Drained {
			changes = append(changes, kernel.Change{Op: kernel.DeleteServer,
				Service: kernel.Service{ServiceID: d.Service}, Server: kernel.Server{Addr: d.Server}})
			keys = append(keys, d.ServerKey)
		}
	}
	if len(changes) == 0 {
		return plan.Cost{}, nil
	}
	rules, err := plan.ReadRules(ctx, o.Kernel)
	if err != nil {
		return plan.Cost{}, err
	}
	table, err := w.Read(ctx, ServicesOf(keys)...)
	if err != nil {
		return plan.Cost{}, err
	}
	return plan.Sum(plan.Costs(table, changes, rules)), nil
}
