// Package output is what people and scripts see: tables, JSON, YAML, CSV, units and
// styles. It takes the kernel's types and writes them; it decides nothing, asks
// nothing and never reads the environment.
//
// The row structs (types named …Row) are the JSON contract. A column is one datum
// of a table: table, CSV, sorting, filtering and completion all use it. Its key is
// the datum's key in the JSON, its heading the short form; older words are aliases,
// and all of them name the column in Options.
package output
