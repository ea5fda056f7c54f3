package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// ServeTCP passes every connection on a port, at every address, to handle and
// closes it then.
func (s *Server) ServeTCP(port uint16, handle func(net.Conn)) error {
	var l net.Listener
	err := s.bind(func() (err error) {
		l, err = new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf(":%d", port))
		return err
	})
	if err != nil {
		return err
	}
	s.start(l, func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(clientPatience))
				handle(conn)
			}()
		}
	})
	return nil
}

// ServeSMTP is a mail server on a port: it greets with the server's name,
// knows HELO and QUIT, and takes no mail.
func (s *Server) ServeSMTP(port uint16) error {
	return s.ServeTCP(port, func(conn net.Conn) {
		fmt.Fprintf(conn, "220 %s ESMTP\r\n", s.Name)
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			verb, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " ")
			switch verb {
			case "HELO", "EHLO":
				fmt.Fprintf(conn, "250 %s\r\n", s.Name)
			case "QUIT":
				io.WriteString(conn, "221 bye\r\n")
				return
			default:
				io.WriteString(conn, "502 not here\r\n")
			}
		}
	})
}
