// Package output is what people and scripts see: tables, JSON, YAML, CSV,
// units and styles. It takes the kernel's types and writes them; it decides
// nothing, asks nothing and never reads the environment.
//
// The row structs (types named …Row) are the JSON contract. Every column of
// every table is one datum, a column, from which table, CSV, sorting, filtering
// and completion all derive.
package output
