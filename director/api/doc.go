// Package api shows a director to other processes of the same machine, and takes their
// requests: HTTP with JSON over a unix socket. The documents are those of -o json; their
// rows and words are in output. The package has the server and its client, and decides
// nothing.
package api
