// Package kernel is the thin layer over the Linux kernel's IP Virtual Server
// (IPVS): plain types, one client, one codec. It knows what the kernel can hold
// and nothing of files, tables on screens or verbs; those belong to the rooms
// above it.
//
// The types build on every platform. Only Open needs Linux.
//
// Sources of facts: the kernel's include/uapi/linux/ip_vs.h (attributes,
// flags), net/netfilter/ipvs/ip_vs_ctl.c (refusals) and ip_vs_conn.c (/proc).
package kernel
