package machine

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFramesArriveAsSent(t *testing.T) {
	long := bytes.Repeat([]byte("x"), frameLimit+1)
	var stream bytes.Buffer
	w := &frameWriter{out: &stream}
	for _, e := range []Event{
		{Kind: Booted, Data: []byte("7.2.7")},
		{Kind: Exited, Command: 3, Status: -1},
		{Kind: File, Name: "bench/result.json", Data: []byte("{}")},
		{Kind: Stdout, Command: 1, Data: long},
		{Kind: Done},
	} {
		if err := w.send(e); err != nil {
			t.Fatal(err)
		}
	}
	want := []Event{
		{Kind: Booted, Data: []byte("7.2.7")},
		{Kind: Exited, Command: 3, Status: -1, Data: []byte{}},
		{Kind: File, Name: "bench/result.json", Data: []byte("{}")},
		{Kind: Stdout, Command: 1, Data: long[:frameLimit]},
		{Kind: Stdout, Command: 1, Data: []byte("x")},
		{Kind: Done, Data: []byte{}},
	}
	var got []Event
	for {
		e, err := readFrame(&stream)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadFrameRefuses(t *testing.T) {
	var whole bytes.Buffer
	if err := (&frameWriter{out: &whole}).send(Event{Kind: Stdout, Data: []byte("text")}); err != nil {
		t.Fatal(err)
	}
	for name, stream := range map[string]string{
		"no frame":      strings.Repeat("Kernel panic ", 4),
		"half a frame":  whole.String()[:whole.Len()-1],
		"half a header": whole.String()[:5],
		"a huge length": "\x03" + strings.Repeat("\xff", frameHeader-1),
	} {
		t.Run(name, func(t *testing.T) {
			e, err := readFrame(strings.NewReader(stream))
			if err == nil || errors.Is(err, io.EOF) && name != "half a header" {
				t.Errorf("read as %+v, %v", e, err)
			}
		})
	}
}
