# make run    installs what is missing, builds, and confines a real program doing real work
# make test   installs what is missing, builds, and runs every test, as root and as an ordinary user
# make test-vm  boots systemd with cgroup v2 in a machine of its own and checks limits there (root; minutes)
# make coverage  tells which branches of the pure rooms no test takes
# make deb    builds a Debian package of what make install installs: build/isolated_VERSION_ARCHITECTURE.deb
# make        builds the lean, static, position-independent executable: build/isolated

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
EXECUTABLE = build/isolated
# What runs while an app runs lies on the same pages (scripts/waiting-symbols): little memory stays in use. Behind it lies what a launch
# runs (scripts/launch-symbols, made by scripts/find-launch-symbols): every other page would cost a page fault.
# An rpath would make glibc refuse to start a static position-independent executable.
STATIC = ISOLATED_STATIC=1 $(SWIFT) build -c release --product isolated --disable-local-rpath \
	--scratch-path .build-static \
	-Xlinker --symbol-ordering-file=$(CURDIR)/build/symbol-order -Xlinker --no-warn-symbol-ordering

.PHONY: all build run test test-vm lint coverage fuzz bench install uninstall deb deps test-deps clean

all: build

build: deps build/symbol-order
	$(STATIC)
	@install -m 755 .build-static/release/isolated $(EXECUTABLE)

build/symbol-order: scripts/waiting-symbols scripts/launch-symbols
	@mkdir -p build
	@cat $^ >$@

deps:
	@scripts/install-packages build

test-deps: deps
	@scripts/install-packages test

run: build
	@scripts/install-packages run
	@scripts/demo $(EXECUTABLE)

test: test-deps build
	@scripts/test

test-vm: build
	@Tests/VM/vm $(EXECUTABLE)

lint:
	@scripts/lint

coverage: deps
	@scripts/coverage

fuzz: deps
	@scripts/fuzz

bench: build
	@scripts/install-packages bench
	$(subst --product isolated,--product TemplateBench,$(STATIC))
	@install -m 755 .build-static/release/TemplateBench build/TemplateBench
	@ISOLATED=$(EXECUTABLE) \
	ISOLATED_TEMPLATE_BENCH="build/TemplateBench 100 --read {stage} -- {stage}/stamp" Benchmarks/run
	@ISOLATED=$(EXECUTABLE) Benchmarks/broker/run
	$(subst --product isolated,--product LogBench,$(STATIC))
	@install -m 755 .build-static/release/LogBench build/LogBench
	@Benchmarks/logs/run
	$(subst --product isolated,--product SupervisorBench,$(STATIC))
	@install -m 755 .build-static/release/SupervisorBench build/SupervisorBench
	@ISOLATED=$(EXECUTABLE) Benchmarks/daemon/run

install: build
	@scripts/install "$(DESTDIR)" "$(PREFIX)" $(EXECUTABLE)

deb: build
	@scripts/deb $(EXECUTABLE)

uninstall:
	@scripts/install --remove "$(DESTDIR)" "$(PREFIX)"

clean:
	rm -rf build .build .build-static .build-coverage
