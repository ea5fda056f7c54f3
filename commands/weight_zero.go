package commands

import (
	"context"

	"lvs/doctor"
	"lvs/kernel"
	"lvs/operate"
)

// noteWeightZero prints who keeps coming to the servers whose weight the changes set to
// 0. before is the table, or nil to read it if there are such servers.
func (a *App) noteWeightZero(ctx context.Context, before *kernel.Snapshot, changes []kernel.Change) error {
	var servers []doctor.Server
	var entries map[kernel.ServiceID]*kernel.ServiceEntry
	for i := range changes {
		c := &changes[i]
		if c.Op != kernel.EditServer || c.Server.Weight > 0 {
			continue
		}
		if entries == nil {
			if before == nil {
				k, err := a.kernel()
				if err != nil {
					return err
				}
				if before, err = k.Snapshot(ctx, servicesOf(changes)...); err != nil {
					return nil // the change itself fails with the reason
				}
			}
			entries = before.Index()
		}
		if e := entries[c.Service.ServiceID]; e != nil {
			if v := e.Server(c.Server.Addr); v != nil && v.Weight > 0 {
				servers = append(servers, doctor.Server{Service: e.Service, ServerEntry: *v})
			}
		}
	}
	if len(servers) == 0 {
		return nil
	}
	k, err := a.kernel()
	if err != nil {
		return err
	}
	settings, err := doctor.ReadSettings(ctx, k)
	if err != nil {
		return err
	}
	for _, d := range doctor.WeightZero(settings, servers) {
		a.quote(d)
	}
	return nil
}

func servicesOf(changes []kernel.Change) []kernel.ServiceID {
	keys := make([]kernel.ServerKey, len(changes))
	for i := range changes {
		keys[i].Service = changes[i].Service.ServiceID
	}
	return operate.ServicesOf(keys)
}

// diagnosed returns members as doctor takes them.
func diagnosed(members []operate.Member) []doctor.Server {
	out := make([]doctor.Server, len(members))
	for i := range members {
		out[i] = doctor.Server(members[i])
	}
	return out
}
