//go:build race

package main

// withRace is set in a program with the race detector, which needs several times the memory.
const withRace = true
