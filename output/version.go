package output

import "io"

// Version describes the program and the kernel.
type Version struct {
	// Program is the name by which the program was called.
	Program string
	// Version, Commit and Date describe the build.
	Version, Commit, Date string
	// Go and Platform are the compiler's version and linux/amd64 and the like.
	Go, Platform string
	// Kernel is the running kernel's release. Empty is unknown.
	Kernel string
	// IPVS is the kernel's version of IPVS. Empty is not loaded, or unknown.
	IPVS string
}

// VersionRow describes the program and the kernel.
type VersionRow struct {
	Program  string  `json:"program" doc:"The name by which the program was called."`
	Version  string  `json:"version" doc:"The program's version."`
	Commit   *string `json:"commit" doc:"The commit from which it was built. Null if unknown."`
	Date     *string `json:"date" doc:"The date of the commit. Null if unknown."`
	Go       string  `json:"go" doc:"The compiler's version."`
	Platform string  `json:"platform" doc:"Operating system and architecture: linux/amd64."`
	Kernel   *string `json:"kernel" doc:"The running kernel's release. Null if unknown."`
	IPVS     *string `json:"ipvs" doc:"The kernel's version of IPVS. Null if not loaded, or unknown."`
}

// Version writes the version. As a table it is one line for people.
func (p *Printer) Version(v Version) error {
	if p.o.Format == "table" && len(p.o.Columns) == 0 {
		_, err := io.WriteString(p.w, v.sentence()+"\n")
		return err
	}
	k := versionKind()
	return printOne(p, &k, v, func(v *Version) any {
		return VersionRow{Program: v.Program, Version: v.Version, Commit: textOrNull(v.Commit),
			Date: textOrNull(v.Date), Go: v.Go, Platform: v.Platform, Kernel: textOrNull(v.Kernel), IPVS: textOrNull(v.IPVS)}
	})
}

// sentence returns the version for people:
// lvs 1.0.0 (abcdef0, 2026-01-02, go1.26.0 linux/amd64), kernel 6.12.1, IPVS 1.2.1
func (v *Version) sentence() string {
	s := v.Program + " " + v.Version + " ("
	for _, part := range []string{v.Commit, v.Date} {
		if part != "" {
			s += part + ", "
		}
	}
	s += v.Go + " " + v.Platform + ")"
	if v.Kernel != "" {
		s += ", kernel " + v.Kernel
	}
	if v.IPVS != "" {
		s += ", IPVS " + v.IPVS
	}
	return s
}

func versionKind() kind[Version] {
	col := func(key, help string, of func(*Version) string) column[Version] {
		return column[Version]{key: key, help: help,
			text: func(b []byte, v *Version) []byte { return append(b, of(v)...) }}
	}
	k := kind[Version]{name: "Version", columns: []column[Version]{
		col("program", "the name by which it was called", func(v *Version) string { return v.Program }),
		col("version", "the program's version", func(v *Version) string { return v.Version }),
		col("commit", "the commit from which it was built", func(v *Version) string { return v.Commit }),
		col("date", "the date of that commit", func(v *Version) string { return v.Date }),
		col("go", "the compiler's version", func(v *Version) string { return v.Go }),
		col("platform", "operating system and architecture", func(v *Version) string { return v.Platform }),
		col("kernel", "the running kernel's release", func(v *Version) string { return v.Kernel }),
		col("ipvs", "the kernel's version of IPVS", func(v *Version) string { return v.IPVS }),
	}}
	k.plain = k.keys()
	k.wide = k.plain
	k.appendName = func(b []byte, v *Version) []byte { return append(b, v.Version...) }
	return k
}
