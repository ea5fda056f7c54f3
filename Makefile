# Every target works on a machine that has only Go, make and apt: kernels and
# tools for the tests are fetched into a cache folder and nothing is installed.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X lvs/commands.version=$(VERSION)
STATIC   = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false

# Platforms of the released binary.
ARCHITECTURES = amd64 arm64 arm ppc64le s390x riscv64

# What has to build where there is no IPVS.
PORTABLE = ./cmd/... ./commands/... ./kernel/... ./output/... ./tui/... ./plan/... ./cluster/...

STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build lab test test-kernels bench demo generate lint build-all release-check clean help

build: ## bin/lvs, a static binary
	$(STATIC) -ldflags "$(LDFLAGS)" -o bin/lvs ./cmd/lvs

lab: ## bin/lab, which runs things in a kernel that has IPVS
	$(STATIC) -o bin/lab ./lab/run

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

demo: build lab ## a cluster with live traffic, shown by lvs; on a terminal lvs top at the end
	bin/lab demo

bench: build lab ## lvs beside ipvsadm
	bin/lab bench

generate: ## man pages and completions
	$(GO) generate ./...

lint: ## formatting, vet, a build for darwin where contributors may work, staticcheck
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	GOOS=darwin $(GO) build $(PORTABLE)
	$(STATICCHECK) ./...

build-all: ## bin/lvs for every platform
	@set -e; for arch in $(ARCHITECTURES); do \
		echo "linux/$$arch"; \
		GOOS=linux GOARCH=$$arch $(STATIC) -ldflags "$(LDFLAGS)" -o dist/lvs-linux-$$arch ./cmd/lvs; \
	done

release-check: ## every archive and package, built and not published
	@command -v goreleaser >/dev/null || { echo "goreleaser is missing: $(GO) install github.com/goreleaser/goreleaser/v2@v2.16.0"; exit 1; }
	goreleaser check
	goreleaser release --snapshot --clean

clean: ## what was built; the lab's cache stays
	rm -rf bin dist

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile
