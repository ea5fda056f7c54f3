package machine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// initrdFormat changes with what packBase packs, so that older ones are not used.
const initrdFormat = "2"

// baseInitrd returns the file with the part of the guest's root that is the same
// for every job: the tools with their libraries, the kernel's modules and
// commands of busybox. name is the kernel's; kernel is its tree.
func (c *Cache) baseInitrd(ctx context.Context, name, kernel string) (string, error) {
	tools, err := c.tools(ctx)
	if err != nil {
		return "", err
	}
	dir, err := c.folder("initrd"+initrdFormat+"-"+name, func(dir string) error {
		f, err := os.Create(filepath.Join(dir, "base.cpio"))
		if err != nil {
			return err
		}
		return errors.Join(packBase(newCPIO(f), tools, kernel), f.Close())
	})
	return filepath.Join(dir, "base.cpio"), err
}

// packBase writes that part.
func packBase(w *cpioWriter, tools, kernel string) error {
	modules, err := oneEntry(filepath.Join(kernel, "usr/lib/modules"))
	if err != nil {
		return err
	}
	errs := []error{
		w.tree(tools, "/", nil),
		w.tree(modules, filepath.Join("/usr/lib/modules", filepath.Base(modules)), uselessModule),
		w.file("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"),
		w.file("etc/hosts", 0o644, "127.0.0.1 localhost\n::1 localhost\n"),
		w.file("etc/group", 0o644, "root:x:0:\nnogroup:x:65534:\n"),
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		errs = append(errs, w.link(name, "usr/"+name))
	}
	for _, name := range []string{"proc", "sys", "dev", "run", "root", "tmp"} {
		errs = append(errs, w.folder(name))
	}
	errs = append(errs, linkBusybox(w, tools))
	return errors.Join(append(errs, w.close())...)
}

// linkBusybox adds a link for each command of busybox that the tools do not have.
// busybox is static, so the host can ask it for the list.
func linkBusybox(w *cpioWriter, tools string) error {
	list, err := exec.Command(filepath.Join(tools, "usr/bin/busybox"), "--list").Output()
	if err != nil {
		return fmt.Errorf("busybox --list: %w", err)
	}
	var errs []error
	for _, name := range strings.Fields(string(list)) {
		present := slices.ContainsFunc([]string{"usr/bin", "usr/sbin"}, func(dir string) bool {
			_, err := os.Lstat(filepath.Join(tools, dir, name))
			return err == nil
		})
		if !present {
			errs = append(errs, w.link("usr/bin/"+name, "busybox"))
		}
	}
	return errors.Join(errs...)
}

// uselessModule reports whether an entry below a kernel's modules is for hardware
// that the guest does not have.
func uselessModule(rel string, d fs.DirEntry) bool {
	if !strings.HasPrefix(rel, "kernel/") {
		return !d.IsDir() && !strings.HasPrefix(rel, "modules.")
	}
	keep := []string{
		"kernel/arch", "kernel/crypto", "kernel/lib", "kernel/net",
		"kernel/drivers/net", "kernel/drivers/virtio", "kernel/drivers/char",
	}
	drop := []string{
		"kernel/drivers/net/ethernet", "kernel/drivers/net/wireless", "kernel/net/bluetooth", "kernel/arch/x86/kvm",
	}
	for _, p := range drop {
		if rel == p {
			return true
		}
	}
	for _, p := range keep {
		if rel == p || strings.HasPrefix(rel, p+"/") || d.IsDir() && strings.HasPrefix(p, rel+"/") {
			return false
		}
	}
	return true
}

// jobFile is the path of the job in the guest.
const jobFile = "/lvs-lab-job.json"

// packJob writes the part of the guest's root that belongs to one job: the lab's
// binary as process 1, the job file, and what the job brings.
func packJob(w *cpioWriter, self, file string, job *Job) error {
	errs := []error{w.tree(self, "/init", nil), w.tree(file, jobFile, nil)}
	if job.Callers != "" {
		errs = append(errs, w.tree(job.Callers, "/", nil))
	}
	for _, path := range job.Bring {
		errs = append(errs, w.tree(path, path, notForGuests))
	}
	return errors.Join(append(errs, w.close())...)
}

// notForGuests reports whether an entry of a checkout is large and of no use in a
// guest.
func notForGuests(rel string, d fs.DirEntry) bool {
	return d.IsDir() && (rel == ".git" || rel == "dist")
}
