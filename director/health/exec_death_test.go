package health

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// deathVariable is set in the process that TestExecEndsWithDirector starts and kills.
const deathVariable = "LVS_TEST_EXEC_DEATH"

// TestExecEndsWithDirector kills a process while it runs a check, and expects that the
// program of the check ends too.
func TestExecEndsWithDirector(t *testing.T) {
	if os.Getenv(deathVariable) != "" {
		p := execProbe(t, "")
		p.Command = []string{"/bin/sh", "-c", "echo $$ > " + os.Getenv(deathVariable) + "; exec sleep 60"}
		p.Timeout = time.Minute
		askOnce(t, p)
		return
	}
	file := t.TempDir() + "/pipe"
	if out, err := exec.Command("mkfifo", file).CombinedOutput(); err != nil {
		t.Fatalf("mkfifo: %v: %s", err, out)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestExecEndsWithDirector$")
	cmd.Env = append(os.Environ(), deathVariable+"="+file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.Open(file) // until the program writes
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	line, err := bufio.NewReader(pipe).ReadString('\n')
	var pid int
	if _, scan := fmt.Sscan(line, &pid); err != nil || scan != nil {
		t.Fatalf("the program said %q: %v, %v", line, err, scan)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // killed
	for deadline := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the program %d lives", pid)
		}
	}
}
