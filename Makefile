# Targets need Go, make and apt; race needs gcc, too. Kernels and tools for the tests
# are fetched into a cache folder, and only install installs anything.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X lvs/commands.version=$(VERSION)
STATIC   = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false

# Platforms of the released binary.
ARCHITECTURES = amd64 arm64 arm ppc64le s390x riscv64

# What must build on systems without IPVS.
PORTABLE = ./cmd/... ./commands/... ./kernel/... ./output/... ./tui/... ./plan/... ./cluster/... ./operate/... ./doctor/... \
	./traffic/... ./schedule/... ./safefile/... ./director/...

# The tools of lint and vulncheck are built by Go at these versions, and cached.
GOLANGCI    = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK = $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.9.0
GORELEASER  = github.com/goreleaser/goreleaser/v2@v2.16.0

# Where install puts things, and whether it installs the name lvs, which LVM2
# has too: auto, yes or no. packaging/install explains them.
PREFIX  ?= /usr/local
DESTDIR ?=
LVS     ?= auto
PROGRAM ?= bin/lvs

.PHONY: build lab install uninstall test test-kernels race bench demo generate lint vulncheck build-all release-check \
	clean help

build: ## build bin/lvs, a static binary
	$(STATIC) -ldflags "$(LDFLAGS)" -o bin/lvs ./cmd/lvs

lab: ## build bin/lab, which runs commands and tests in a kernel that has IPVS
	$(STATIC) -o bin/lab ./lab/run

# It builds only what is missing, so that "sudo make install" after "make build"
# needs no Go.
install: $(PROGRAM) ## install program, man pages and completions (PREFIX=/usr/local, DESTDIR, LVS=auto|yes|no)
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" LVS="$(LVS)" packaging/install install "$(PROGRAM)"

bin/lvs:
	$(MAKE) build

uninstall: ## remove what install installed
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" packaging/install uninstall

test: lab ## run every test: on this machine, then in a lab kernel
	@status=0; \
	echo "== tests that need no kernel: go test ./..."; \
	$(GO) test ./... || status=1; \
	echo "== tests in a lab kernel (LVS_LAB=host|uml|qemu selects it): bin/lab test ./..."; \
	bin/lab test ./... || status=1; \
	exit $$status

test-kernels: lab ## run the lab's tests on Debian's kernels 6.1 and 6.12, in QEMU
	@status=0; for kernel in 6.1 6.12; do \
		LVS_LAB=qemu LVS_LAB_KERNEL=$$kernel bin/lab test -timeout 40m ./... || status=1; \
	done; exit $$status

# By default the race detector's runtime sleeps for a second before a process ends.
# The tests start hundreds of processes.
race: ## run the tests that need no kernel with the race detector; needs gcc
	CGO_ENABLED=1 GORACE="atexit_sleep_ms=0 $$GORACE" $(GO) test -race ./...

demo: build lab ## show a cluster with live traffic; on a terminal, lvs top at the end
	bin/lab demo

bench: build lab ## measure lvs against ipvsadm
	bin/lab bench

generate: ## make man pages and completions from the commands
	$(GO) generate ./...

lint: ## run golangci-lint (.golangci.yml), and build for 32 bits and for darwin, which contributors may use
	$(GOLANGCI) run ./...
	GOARCH=arm $(GO) build ./cmd/...
	GOOS=darwin $(GO) build $(PORTABLE)

# It asks https://vuln.go.dev, and fails if that cannot be reached.
vulncheck: ## look for known vulnerabilities in code that lvs calls; needs the network
	$(GOVULNCHECK) ./...

build-all: ## build lvs for every platform, in dist/
	@set -e; for arch in $(ARCHITECTURES); do \
		echo "linux/$$arch"; \
		GOOS=linux GOARCH=$$arch $(STATIC) -ldflags "$(LDFLAGS)" -o dist/lvs-linux-$$arch ./cmd/lvs; \
	done

release-check: ## build every archive and package, in dist/, without publishing
	@gopath="$$($(GO) env GOPATH)"; \
	for tool in "$$(command -v goreleaser)" "$$($(GO) env GOBIN)/goreleaser" "$${gopath%%:*}/bin/goreleaser"; do \
		if [ -x "$$tool" ]; then break; fi; tool=; \
	done; \
	if [ -z "$$tool" ]; then echo "goreleaser is missing; install it: $(GO) install $(GORELEASER)"; exit 1; fi; \
	set -ex; "$$tool" check; "$$tool" release --snapshot --clean

clean: ## remove what was built, not the lab's cache
	rm -rf bin dist

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 15
