# Every target works on a machine that has only Go, make and apt: kernels and
# tools for the tests are fetched into a cache folder and nothing is installed.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X lvs/commands.version=$(VERSION)
STATIC   = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false

# Platforms of the released binary.
ARCHITECTURES = amd64 arm64 arm ppc64le s390x riscv64

# What has to build where there is no IPVS.
PORTABLE = ./cmd/... ./commands/... ./kernel/... ./output/... ./tui/...

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

build: ## bin/lvs, a static binary
	$(STATIC) -ldflags "$(LDFLAGS)" -o bin/lvs ./cmd/lvs

lab: ## bin/lab, which runs things in a kernel that has IPVS
	$(STATIC) -o bin/lab ./lab/run

# It builds only what is missing, so that "sudo make install" after "make build"
# needs no Go.
install: $(PROGRAM) ## program, man pages and completions, below DESTDIR and PREFIX=/usr/local
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" LVS="$(LVS)" packaging/install install "$(PROGRAM)"

bin/lvs:
	$(MAKE) build

uninstall: ## remove what install installed
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" packaging/install uninstall

test: lab ## every test: on this machine, then in a lab kernel
	@status=0; \
	echo "== tests that need no kernel: go test ./..."; \
	$(GO) test ./... || status=1; \
	echo "== tests in a lab kernel (LVS_LAB=host|uml|qemu chooses it): bin/lab test ./..."; \
	bin/lab test ./... || status=1; \
	exit $$status

test-kernels: lab ## the tests in a lab kernel, on Debian's 6.1 and 6.12 in QEMU
	@status=0; for kernel in 6.1 6.12; do \
		LVS_LAB=qemu LVS_LAB_KERNEL=$$kernel bin/lab test ./... || status=1; \
	done; exit $$status

# By default the race detector's runtime sleeps for a second before a process ends.
# The tests start hundreds of processes.
race: ## the tests that need no kernel, with the race detector; needs gcc
	CGO_ENABLED=1 GORACE="atexit_sleep_ms=0 $$GORACE" $(GO) test -race ./...

demo: build lab ## a cluster with live traffic, shown by lvs; on a terminal lvs top at the end
	bin/lab demo

bench: build lab ## lvs beside ipvsadm
	bin/lab bench

generate: ## man pages and completions
	$(GO) generate ./...

lint: ## golangci-lint (.golangci.yml), and a build for darwin, where contributors may work
	$(GOLANGCI) run ./...
	GOOS=darwin $(GO) build $(PORTABLE)

# It asks https://vuln.go.dev, and fails if that cannot be reached.
vulncheck: ## known vulnerabilities in the code that is used; needs the network
	$(GOVULNCHECK) ./...

build-all: ## bin/lvs for every platform
	@set -e; for arch in $(ARCHITECTURES); do \
		echo "linux/$$arch"; \
		GOOS=linux GOARCH=$$arch $(STATIC) -ldflags "$(LDFLAGS)" -o dist/lvs-linux-$$arch ./cmd/lvs; \
	done

release-check: ## every archive and package, built and not published
	@gopath="$$($(GO) env GOPATH)"; \
	for tool in "$$(command -v goreleaser)" "$$($(GO) env GOBIN)/goreleaser" "$${gopath%%:*}/bin/goreleaser"; do \
		if [ -x "$$tool" ]; then break; fi; tool=; \
	done; \
	if [ -z "$$tool" ]; then echo "goreleaser is missing; install it: $(GO) install $(GORELEASER)"; exit 1; fi; \
	set -ex; "$$tool" check; "$$tool" release --snapshot --clean

clean: ## what was built; the lab's cache stays
	rm -rf bin dist

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile
