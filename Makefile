# Makefile: builds Runnel for the host, and checks it.  `make help`
#
#   make                          build/runnel, build/librunnel.a
#   make HTTP=curl                build/curl/runnel, over libcurl
#   make CC=clang                 build/clang/runnel
#   make SAN=address,undefined    build/asan/runnel
#   make SOURCES="sqlite push"    the sources this image can read from
#   make FORMATS="csv json parquet avro" STORES="azure folder"
#                                 what it writes, and where to
#   make WAREHOUSES=no            librunnel.a alone, without what loads and
#                                 validates a finished run
#   make CODECS="snappy zstd"     what Parquet and Avro can be compressed with
#                                 beside gzip and deflate; "" for no more
#   make ODBC=no                  without T-SQL over ODBC
#   make BOARD=container [run]    for another machine: boards/README.md
#   make MBEDTLS=system SQLITE=system, MBEDTLS_DIR=, SQLITE_DIR=, INIH_DIR=,
#        SNAPPY_DIR=              see tools/setup
#
# What differs between images is which files are listed here: there is no
# #ifdef in agent/.

# Firmware is built by rules of its own.
FIRMWARE_BOARDS = mps2-an385 tap
ifneq ($(filter $(BOARD),$(FIRMWARE_BOARDS)),)
include boards/base.mk
else

SHELL = /bin/bash

# ---------------------------------------------------------------- choices

# What a board that is Linux chooses stands before what is chosen otherwise.
.DEFAULT_GOAL := all
BOARD ?=
LINUX_BOARDS = container gateway-armv7
ifeq ($(wildcard $(BOARD:%=boards/%/board.mk))$(if $(BOARD),,none),)
$(error there is no board called $(BOARD): boards/README.md has them)
endif
ifneq ($(filter $(BOARD),$(LINUX_BOARDS)),)
include boards/$(BOARD)/board.mk
endif

PORT ?= linux
HTTP ?= http1
SOURCES ?= sqlite push
FORMATS ?= csv json parquet avro
STORES ?= azure folder
WAREHOUSES ?= yes
CODECS ?= snappy zstd
ODBC ?= yes
SAN ?=
WERROR ?= -Werror
# make's own default is cc; a person's choice still wins.
ifeq ($(origin CC),default)
CC = gcc
endif

# One folder a variant, so that they don't overwrite each other.
empty :=
space := $(empty) $(empty)
variant := $(if $(findstring clang,$(CC)),clang) \
	$(if $(filter curl,$(HTTP)),curl) \
	$(if $(findstring address,$(SAN)),asan,$(if $(SAN),san))
BUILD ?= build$(addprefix /,$(subst $(space),-,$(strip $(variant))))
DEPS ?= build/deps
# Sources are unpacked once, whatever is made of them.
DEP_SRC = build/deps/src
DEP_CC ?= gcc
DEP_CXX ?= g++
OBJCOPY ?= objcopy
# No shared library and no loader: for boards.
STATIC ?=
NAMES ?= system
GEN = build/gen

# As many jobs as processors, unless told otherwise.
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-builtin-rules

include tools/deps-flags.mk

# ------------------------------------------------------------------ files

# Drivers are named after the source they read; the other files of that
# folder are in every image.
source_kinds = sqlite postgres mysql odbc csv ndjson push
absent_kinds = $(filter-out $(SOURCES),$(source_kinds))
absent_codecs = $(filter-out $(CODECS),snappy zstd)
ifneq ($(filter-out snappy zstd,$(CODECS)),)
$(error CODECS is any of: snappy zstd)
endif
absent_formats = $(filter-out $(FORMATS),csv json parquet avro)
absent_stores = $(filter-out $(STORES),azure folder)
# What stands for the steps behind a finished run, with and without any.
loading_src = $(wildcard agent/warehouse/*.c agent/job/validate*.c \
	agent/job/report*.c agent/job/run_load.c agent/job/plan_load.c \
	agent/job/run_probe.c agent/job/summary.c agent/cli/*.c)
AGENT_SRC := $(filter-out agent/cli/main.c \
	$(foreach k,$(absent_formats),agent/encode/$k%.c) \
	$(foreach k,$(absent_stores),agent/blob/$k%.c) \
	$(if $(filter yes,$(WAREHOUSES)),agent/job/run_load_none.c, \
	$(loading_src)) agent/compress/gzip_none.c \
	agent/compress/crc32_small.c \
	agent/job/run_resume_none.c agent/identity/sas_only.c \
	$(foreach k,$(absent_kinds),agent/source/$k%.c agent/source/$k.c) \
	$(absent_codecs:%=agent/compress/codec_%.c), \
	$(wildcard agent/*/*.c))
PORT_SRC := $(wildcard port/$(PORT)/*.c)

# With libcurl there is no HTTP and no TLS of ours, and nothing for the tests
# of their insides to test. test_http.c tests both.
ifeq ($(HTTP),curl)
AGENT_SRC := $(filter-out agent/http/%.c agent/tls/%.c,$(AGENT_SRC))
UNIT_SKIP += test_http_parse test_tls test_tls_alloc
else
PORT_SRC := $(filter-out port/linux/http_curl.c,$(PORT_SRC))
endif

# Its headers are all the build needs: the driver manager is loaded by jobs
# that have a connection.
ifeq ($(ODBC),yes)
PORT_SRC := $(filter-out port/linux/odbc_none.c,$(PORT_SRC))
else
PORT_SRC := $(filter-out port/linux/odbc.c,$(PORT_SRC))
endif

# glibc linked statically must not load more of itself.
ifeq ($(NAMES),static)
PORT_SRC := $(filter-out port/linux/names_system.c,$(PORT_SRC))
else
PORT_SRC := $(filter-out port/linux/names_static.c,$(PORT_SRC))
endif

# What a port does better, in a file of the same name, takes the place of the
# portable one.
AGENT_SRC := $(filter-out \
	$(PORT_SRC:port/$(PORT)/%.c=agent/core/%_portable.c),$(AGENT_SRC))

LIB_SRC = $(AGENT_SRC) $(PORT_SRC)
LISTS = source_list codec_list format_list store_list
LIB_OBJ = $(LIB_SRC:%.c=$(BUILD)/obj/%.o) $(LISTS:%=$(BUILD)/obj/%.o)
MAIN_SRC = $(if $(filter yes,$(WAREHOUSES)),$(wildcard agent/cli/main.c))
MAIN_OBJ = $(MAIN_SRC:%.c=$(BUILD)/obj/%.o)

UNIT_SRC := $(filter-out $(UNIT_SKIP:%=tests/unit/%.c), \
	$(wildcard tests/unit/test_*.c))
HELP_SRC := $(wildcard tests/lib/*.c tests/unit/lib/*.c)
UNIT_BIN = $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN = $(FUZZ_SRC:tests/fuzz/%.c=build/fuzz/%)

HEADERS := $(wildcard include/runnel/*.h agent/*/*.h port/*/*.h)
# Tables that are cheaper to compute at build time than to review.
TABLES := $(patsubst tools/%gen.c,$(GEN)/%.h,$(wildcard tools/*_tablegen.c))
READY = $(DEP_LIBS) $(TABLES)
ALL_C := $(wildcard include/runnel/*.h agent/*/*.[ch] port/*/*.[ch] \
	tests/unit/*.[ch] tests/unit/lib/*.[ch] tests/lib/*.[ch] \
	boards/*.[ch] boards/*/*.[ch] boards/include/runnel/*.h \
	tests/fuzz/*.[ch] tests/port/*.[ch] tests/sim/*.[ch] \
	tests/bench/*.[ch] tests/bench/peers/*.[ch] tools/*.[ch])

# ------------------------------------------------------------------ flags

WARN = -Wall -Wextra -pedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla $(WERROR)
# At -O2 the compiler removes some of the very accesses that a sanitizer looks
# for. Lines for reports and backtraces: all that optimized code can tell well.
OPT ?= $(if $(SAN),-O1,-O2) -g1
# Fortified functions hide from the sanitizers what they should see.
ifeq ($(SAN),)
HARDEN = -fstack-protector-strong -fstack-clash-protection \
	-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else
HARDEN = -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
PIE = $(if $(STATIC),-fno-pie,-fPIE)
LINK_HARDEN = $(if $(STATIC),-static -no-pie,-pie) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections \
	-Wl,--as-needed $(if $(SAN),-fsanitize=$(SAN))

DEFS = $(INIH_DEFS) $(if $(filter system,$(MBEDTLS)),,$(MBEDTLS_DEFS))
# Headers of libraries are not ours to warn about.
INC = -Iinclude -Iagent -I$(GEN) -isystem $(DEPS)/include
ALL_CFLAGS = -std=c11 $(OPT) $(PIE) -ffunction-sections -fdata-sections \
	$(HARDEN) $(WARN) $(DEFS) $(INC) $(CFLAGS)
PORT_CFLAGS = -D_GNU_SOURCE -Iport/$(PORT)
TEST_CFLAGS = -D_GNU_SOURCE -Iport/$(PORT) -Itests -Itests/lib -Itests/unit

# The packaged library has neither the allocator hooks nor the callback for
# trusted roots that TLS in fixed memory needs; its hashes are as good.
ifeq ($(MBEDTLS)-$(HTTP),system-http1)
$(error MBEDTLS=system has no hooks for fixed memory; use it with HTTP=curl)
endif
ifeq ($(MBEDTLS),system)
MBED_LIBS = -lmbedtls -lmbedx509 -lmbedcrypto
else
MBED_LIBS = $(DEPS)/lib/libmbedtls.a
DEP_LIBS += $(DEPS)/lib/libmbedtls.a
endif
ifeq ($(SQLITE),system)
SQLITE_LIBS = -lsqlite3
else
SQLITE_LIBS = $(DEPS)/lib/libsqlite3.a
DEP_LIBS += $(DEPS)/lib/libsqlite3.a
endif
DEP_LIBS += $(DEPS)/lib/libinih.a
ifneq ($(filter snappy,$(CODECS)),)
CODEC_LIBS += $(DEPS)/lib/libsnappy_fragment.a
DEP_LIBS += $(DEPS)/lib/libsnappy_fragment.a
endif
ifneq ($(filter zstd,$(CODECS)),)
CODEC_LIBS += -l:libzstd.a
endif
ifeq ($(ZLIB),source)
ZLIB_LIBS = $(DEPS)/lib/libz.a
DEP_LIBS += $(DEPS)/lib/libz.a
else
ZLIB_LIBS = $(if $(filter shared,$(ZLIB)),-lz,-l:libz.a)
endif
ifeq ($(CMOCKA),source)
CMOCKA_LIBS = $(DEPS)/lib/libcmocka.a
DEP_LIBS += $(DEPS)/lib/libcmocka.a
else
CMOCKA_LIBS = -lcmocka
endif
# Static where we can: each shared library costs private pages.
LIBS = $(MBED_LIBS) $(SQLITE_LIBS) $(DEPS)/lib/libinih.a $(CODEC_LIBS) \
	$(if $(filter curl,$(HTTP)),-lcurl) $(ZLIB_LIBS) -lm \
	$(if $(filter yes,$(ODBC)),-ldl) $(BOARD_LIBS)
# A group: mbedTLS calls back into the agent for memory, time and chance.
LINK_LIBS = -Wl,--start-group $(BUILD)/librunnel.a $(LIBS) -Wl,--end-group

# ---------------------------------------------------------------- targets

.PHONY: all check size demo bench bench-bins unit unit-bins memcheck e2e lint format \
	format-check tidy cppcheck layers shape headers fuzz fuzz-bins asan \
	clang curl rowgen deps clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/librunnel.a $(if $(MAIN_SRC),$(BUILD)/runnel) ## Build build/runnel and build/librunnel.a (the default)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / \
		{ printf "  make %-14s %s\n", $$1, $$2 }' $(filter %Makefile %.mk,$(MAKEFILE_LIST))

check: ## Set up, then run every test and check there is
	@tools/setup test
	@tests/run $(BOARD_SUITES)

size: ## Run the boards, write boards/*/size.csv and the table of their README
	@tools/setup test
	@tests/run board board-container board-armv7
	@tools/size-report --write

demo: ## Set up, then run the main job into Azurite in every format and check it
	@tools/setup test
	@$(MAKE) --no-print-directory all rowgen
	@tools/demo

bench: ## Set up, then measure the agent beside what people would use instead
	@tools/setup bench
	@$(MAKE) --no-print-directory all rowgen bench-bins
	@$(MAKE) --no-print-directory HTTP=curl all
	@tests/bench/run $(if $(T),"$(T)")

unit: unit-bins ## Run the unit tests of this variant (also SAN=, CC=, T="test_x")
	@BUILD=$(BUILD) RUNNER="$(RUN_ON)" SKIP="$(UNIT_SKIP)" \
		tests/lib/unit.sh $(T)

# The sanitizers need no loop over all numbers to see what each step does.
unit: export UNIT_FEWER ?= $(if $(SAN),5,1)

# All of them, or those that T names.
unit-bins: $(if $(T),$(T:%=$(BUILD)/unit/%),$(UNIT_BIN))

# Left out of memcheck: loops over millions of numbers, splits of what a codec
# gets or hundreds of failing allocations, minutes under it. The sanitizers see
# them; and long loops of random rows are shorter here.
MEMCHECK_SKIP ?= test_number test_stamp test_parquet_reader test_tls_alloc \
	test_sqlite_alloc test_codec
memcheck: unit-bins ## Run the unit tests under valgrind
	@BUILD=$(BUILD) UNIT_FEWER=5 RUNNER="valgrind -q --leak-check=full \
		--errors-for-leak-kinds=definite --error-exitcode=9" \
		SKIP="$(MEMCHECK_SKIP)" tests/lib/unit.sh $(T)

# What the build over libcurl does before the network is the same code.
E2E = $(if $(filter curl,$(HTTP)),auth cli lakehouse memory network process \
	protocol tls)
e2e: all rowgen ## Run the end-to-end tests with this variant (T="name" picks files)
	@RUNNEL=$(abspath $(BUILD)/runnel) node tests/lib/run.mjs $(or $(T),$(E2E))

lint: format-check tidy cppcheck layers shape headers ## All checks of the source text

layers: ## Includes go one way only
	@tools/check-layers

shape: ## Sizes of files and functions, banned calls, no #ifdef in agent/
	@tools/check-shape

headers: $(READY) ## Every header compiles alone, with gcc and clang
	@tools/check-headers $(DEFS) $(INC) $(PORT_CFLAGS) -- $(HEADERS)

format: ## Lay out all C files with clang-format
	@clang-format -i $(ALL_C)

format-check: ## All C files are laid out as clang-format does
	@clang-format --dry-run --Werror $(ALL_C)

asan: ## Build with address and undefined-behaviour sanitizers: build/asan
	@$(MAKE) --no-print-directory SAN=address,undefined all

clang: ## Build with clang: build/clang
	@$(MAKE) --no-print-directory CC=clang all

curl: ## Build over libcurl instead of our own HTTP and TLS: build/curl
	@$(MAKE) --no-print-directory HTTP=curl all

clean: ## Remove what was built, but not the libraries and packages
	@find build -mindepth 1 -maxdepth 1 ! -name deps ! -name node_modules \
		-exec rm -rf {} + 2>/dev/null || true

# ----------------------------------------------------------- dependencies

# Rewritten only when the choice changes, so that the sources are looked for
# again exactly then.
$(DEP_SRC)/../choice: FORCE
	@mkdir -p $(@D)
	@echo 'mbedtls=$(MBEDTLS)$(MBEDTLS_DIR) sqlite=$(SQLITE)$(SQLITE_DIR)' \
		'inih=$(INIH_DIR)' | cmp -s - $@ || \
	echo 'mbedtls=$(MBEDTLS)$(MBEDTLS_DIR) sqlite=$(SQLITE)$(SQLITE_DIR)' \
		'inih=$(INIH_DIR)' >$@

SETUP = MBEDTLS='$(MBEDTLS)' MBEDTLS_DIR='$(MBEDTLS_DIR)' SQLITE='$(SQLITE)' \
	SQLITE_DIR='$(SQLITE_DIR)' INIH_DIR='$(INIH_DIR)' \
	SNAPPY_DIR='$(SNAPPY_DIR)' CODECS='$(CODECS)' ODBC='$(ODBC)' \
	ZLIB='$(ZLIB)' CMOCKA='$(CMOCKA)' BOARD='$(BOARD)' \
	PACKAGES='$(PACKAGES)' tools/setup

ORIGINS = $(DEP_SRC)/mbedtls.origin $(DEP_SRC)/sqlite.origin \
	$(DEP_SRC)/inih.origin
$(ORIGINS) &: $(DEP_SRC)/../choice
	@$(SETUP) build
	@touch $(ORIGINS)

# The codecs apart: another choice of them must not build all the rest again.
$(DEPS)/codecs: FORCE
	@mkdir -p $(@D)
	@echo '$(CODECS) $(SNAPPY_DIR)' | cmp -s - $@ || \
	echo '$(CODECS) $(SNAPPY_DIR)' >$@

$(DEPS)/codecs.ready: $(DEPS)/codecs | $(ORIGINS)
	@$(SETUP) build
	@touch $@

# Built with gcc whatever the variant: the variants are about our code. They
# share the result, so two of them started at once take turns; and boards do,
# for what comes of the sources before a compiler sees it.
$(DEP_LIBS) &: $(ORIGINS) $(DEPS)/codecs.ready \
		tools/deps.mk tools/deps-flags.mk tools/snappy_fragment.cc \
		$(wildcard agent/tls/mbedtls_config.h agent/compress/snappy_*.h)
	@echo "  libraries (once)"
	@flock $(DEP_SRC)/../.build $(MAKE) --no-print-directory -s \
		-f tools/deps.mk CC='$(DEP_CC)' CXX='$(DEP_CXX)' AR='$(AR)' \
		LD='$(LD)' OBJCOPY='$(OBJCOPY)' DEPS=$(DEPS) DEP_SRC=$(DEP_SRC) \
		MBEDTLS='$(MBEDTLS)' SQLITE='$(SQLITE)' CODECS='$(CODECS)' \
		ZLIB='$(ZLIB)' CMOCKA='$(CMOCKA)' DEP_PIE=$(PIE) \
		$(if $(DEP_OPT),DEP_OPT='$(DEP_OPT)') DEP_MORE='$(DEP_MORE)'
	@touch $(DEP_LIBS)

deps: $(DEP_LIBS) ## Only the libraries built from source

# ----------------------------------------------------------------- tables
# Made and run on the host, whatever the image is for.

$(GEN)/%.h: tools/%gen.c
	@mkdir -p $(@D); echo "  table $@"
	@gcc -std=c11 -O1 $(WARN) -o $(GEN)/$*gen $<
	@$(GEN)/$*gen >$@

# ---------------------------------------------------------------- objects

# Everything that decides how an object comes out. Objects depend on it, so a
# build with other flags never mixes with the last one.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(ALL_CFLAGS) $(LINK_HARDEN) $(LDFLAGS) \
		$(LIBS) $(SOURCES) / $(CODECS) / $(FORMATS) / $(STORES))' | cmp -s - $@ || \
	echo '$(subst ','\'',$(CC) $(ALL_CFLAGS) $(LINK_HARDEN) $(LDFLAGS) \
		$(LIBS) $(SOURCES) / $(CODECS) / $(FORMATS) / $(STORES))' >$@

# The list of objects: a file that went away must leave the archive too.
$(BUILD)/objects: FORCE
	@mkdir -p $(@D)
	@echo '$(LIB_OBJ)' | cmp -s - $@ || echo '$(LIB_OBJ)' >$@

COMPILE = @mkdir -p $(@D); echo "  $(CC) $<"; $(CC) $(ALL_CFLAGS) -MD -MP

$(BUILD)/obj/agent/%.o: agent/%.c $(BUILD)/flags | $(READY)
	$(COMPILE) -c -o $@ $<

$(BUILD)/obj/port/%.o: port/%.c $(BUILD)/flags | $(READY)
	$(COMPILE) $(PORT_CFLAGS) -c -o $@ $<

$(BUILD)/obj/tests/%.o: tests/%.c $(BUILD)/flags | $(READY)
	$(COMPILE) $(TEST_CFLAGS) -c -o $@ $<

$(BUILD)/obj/tools/%.o: tools/%.c $(BUILD)/flags | $(READY)
	$(COMPILE) $(PORT_CFLAGS) -c -o $@ $<

# What this image has, one list a kind: FILE, header, struct, array, prefix of
# each name, names.
define list_rule
$(BUILD)/$1.c: $(BUILD)/flags Makefile
	@{ echo '/* $1.c: what this image has; written by make. */'; \
	echo '#include "$2"'; \
	for s in $6; do echo "extern const struct $3 $5$$$$s;"; done; \
	echo 'const struct $3 *const $4[] = {'; \
	for s in $6; do echo "    &$5$$$$s,"; done; \
	echo '};'; \
	echo 'const size_t $4_n = sizeof $4 / sizeof *$4;'; \
	} >$$@
endef
$(eval $(call list_rule,source_list,runnel/source.h,rn_source_class,rn_sources,rn_source_,$(SOURCES)))
$(eval $(call list_rule,codec_list,compress/codec_list.h,rn_codec_class,rn_codecs,rn_codec_,gzip deflate $(CODECS)))
$(eval $(call list_rule,format_list,encode/list.h,rn_encoder_class,rn_encoders,rn_encode_,$(FORMATS)))
$(eval $(call list_rule,store_list,runnel/store.h,rn_store_class,rn_stores,rn_store_,$(STORES)))

$(LISTS:%=$(BUILD)/obj/%.o): $(BUILD)/obj/%.o: \
		$(BUILD)/%.c | $(READY)
	$(COMPILE) -c -o $@ $<

$(BUILD)/librunnel.a: $(LIB_OBJ) $(BUILD)/objects | $(BOARD_LIBS)
	@echo "  ar $@"; rm -f $@; $(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/runnel: $(MAIN_OBJ) $(BUILD)/librunnel.a $(DEP_LIBS)
	@echo "  link $@"
	@$(CC) $(LINK_HARDEN) $(LDFLAGS) -o $@ $(MAIN_OBJ) $(LINK_LIBS)

HELP_OBJ = $(HELP_SRC:%.c=$(BUILD)/obj/%.o)
helpers = $$(tests/lib/helpers.sh $1 $(HELP_SRC) | \
	sed 's,\(.*\)c$$,$(BUILD)/obj/\1o,')

# It counts what asks for memory, libraries included.
$(BUILD)/unit/test_codec: UNIT_LINK = \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free

# Its store fails when told to.
$(BUILD)/unit/test_push: UNIT_LINK = -Wl,--wrap=rn_store_for

# These make the k-th call of a library's heap fail.
$(BUILD)/unit/test_tls_alloc: UNIT_LINK = \
	-Wl,--wrap=rn_heap_calloc,--wrap=rn_heap_free
$(BUILD)/unit/test_sqlite_alloc: UNIT_LINK = -Wl,--wrap=rn_heap_alloc \
	-Wl,--wrap=rn_heap_calloc,--wrap=rn_heap_resize,--wrap=rn_heap_free

$(UNIT_BIN): $(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(HELP_OBJ) \
		$(BUILD)/librunnel.a $(DEP_LIBS)
	@mkdir -p $(@D); echo "  link $@"
	@$(CC) $(LINK_HARDEN) $(LDFLAGS) -o $@ $< \
		$(call helpers,tests/unit/$*.c) $(LINK_LIBS) $(UNIT_LINK) \
		$(CMOCKA_LIBS)

# ---------------------------------------------------------- port contract
# What each port promises, and the program at the other end of it.

CONTRACT_SRC := $(wildcard tests/port/contract*.c)
CONTRACT_OBJ = $(CONTRACT_SRC:%.c=$(BUILD)/obj/%.o)

# Always for the machine at hand: the other end is not what is tested, and an
# emulator of programs cannot start another emulated one.
$(BUILD)/port-peer: tests/port/peer.c tests/port/contract.h
	@mkdir -p $(@D); echo "  gcc $<"
	@gcc -std=c11 -O1 $(WARN) -D_GNU_SOURCE -Iinclude -Itests -o $@ $<

$(BUILD)/unit/test_port_contract: $(CONTRACT_OBJ) | $(BUILD)/port-peer
$(BUILD)/unit/test_port_contract: UNIT_LINK = $(CONTRACT_OBJ) $(LINK_LIBS)

-include $(CONTRACT_OBJ:.o=.d)

# ------------------------------------------------------------------- fuzz

# All targets together: two minutes on two processors, building included.
FUZZ_SECONDS ?= 7
fuzz: fuzz-bins ## Run each fuzz target for FUZZ_SECONDS (7), from its seeds
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/lib/fuzz.sh $(T)

ifneq ($(IN_FUZZ),yes)
# The whole library again with coverage, in a variant of its own.
fuzz-bins:
	@$(MAKE) --no-print-directory IN_FUZZ=yes CC=clang BUILD=build/fuzz \
		SAN=address,undefined,fuzzer-no-link fuzz-bins
else
# and what else clang has not seen
fuzz-bins: $(if $(T),$(T:%=build/fuzz/%),$(FUZZ_BIN) $(MAIN_OBJ))
endif

$(FUZZ_BIN): build/fuzz/%: build/fuzz/obj/tests/fuzz/%.o $(HELP_OBJ) \
		build/fuzz/librunnel.a $(DEP_LIBS)
	@echo "  link $@"
	@$(CC) -fsanitize=fuzzer,address,undefined -pie -o $@ $< \
		$(call helpers,tests/fuzz/$*.c) $(LINK_LIBS)

# A package of the program alone comes without tests.
-include tests/sim/sim.mk

# ------------------------------------------------------------------ tools

rowgen: build/rowgen ## Build the generator of the demo's database: build/rowgen

build/rowgen: tools/rowgen.c $(DEP_LIBS)
	@mkdir -p $(@D); echo "  gcc $<"
	@gcc -std=c11 -O2 -g $(WARN) -isystem $(DEPS)/include -o $@ $< \
		$(SQLITE_LIBS) -lm

# ---------------------------------------------------------------- mutants

.PHONY: mutants
mutants: deps ## Take checks out of the agent, one by one: a test must fail (T="name")
	@tests/mutants/run $(T)

# ------------------------------------------------------------------ bench

BENCH_BIN = $(addprefix build/bench/,sink floor floor-own measure avro_c)
bench-bins: $(BENCH_BIN)

# Against the system's headers and libraries, as what it measures.
BENCH_CC = @mkdir -p $(@D); echo "  gcc $@"; \
	gcc -std=c11 -O2 -g $(WARN) -D_GNU_SOURCE -o $@ $<

build/bench/sink: tests/bench/sink.c
	$(BENCH_CC) -lssl -lcrypto

build/bench/measure: tests/bench/measure.c
	$(BENCH_CC)

build/bench/floor: tests/bench/floor.c
	$(BENCH_CC) -lsqlite3

build/bench/avro_c: tests/bench/peers/avro_c.c
	$(BENCH_CC) -lavro -lsqlite3

build/bench/floor-own: tests/bench/floor.c $(DEP_LIBS)
	$(BENCH_CC) -isystem $(DEPS)/include $(SQLITE_LIBS) -lm

# ------------------------------------------------------------------- lint

# One stamp a file: only what changed is looked at again. The analyzer gives up
# a function after so many steps; four times as many take three times as long.
TIDY_STEPS ?= 50000
LWIP_INC = $(DEP_SRC)/lwip/src/include
TIDY_SRC := $(wildcard agent/*/*.c port/linux/*.c port/sim/*.c \
	$(if $(wildcard $(LWIP_INC)),port/lwip/*.c))
TIDY = $(TIDY_SRC:%=build/lint/%.tidy)
TIDY_lwip = -Iport -Iboards/tap -Iboards/include -I. \
	-isystem $(LWIP_INC) -isystem $(DEP_SRC)/mbedtls/include
port_of = $(word 2,$(subst /, ,$1))
tidy_port = $(if $(filter port/%,$1),-D_GNU_SOURCE \
	-Iport/$(call port_of,$1) $(TIDY_$(call port_of,$1)))
tidy: $(TIDY) ## clang-tidy over agent/ and port/
	@$(if $(filter port/lwip/%,$(TIDY_SRC)),:, \
		echo "skipped: port/lwip: no source of lwIP")
build/lint/%.tidy: % .clang-tidy tools/tidy_model.h $(HEADERS) | $(READY)
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- -std=c11 $(DEFS) \
		$(call tidy_port,$<) $(INC) \
		-Xclang -analyzer-config -Xclang max-nodes=$(TIDY_STEPS) \
		$(if $(filter %/error.c,$<),,-include tools/tidy_model.h) 2>$@.log || \
		{ grep -v ' warnings\? .*generated\.$$' $@.log; exit 1; }
	@mv $@.log $@

CPPCHECK = cppcheck -q -j$$(nproc) --std=c11 --error-exitcode=1 \
	--cppcheck-build-dir=build/lint/cppcheck --inline-suppr \
	--enable=warning,performance,portability \
	--suppress=missingIncludeSystem $(DEFS) -Iinclude -Iagent -I$(GEN) \
	-Iport/$(PORT)
cppcheck: | $(READY) ## cppcheck over agent/ and port/
	@mkdir -p build/lint/cppcheck
	@$(CPPCHECK) $(TIDY_SRC)

-include $(LIB_OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(HELP_OBJ:.o=.d) \
	$(UNIT_SRC:%.c=$(BUILD)/obj/%.d) $(FUZZ_SRC:%.c=build/fuzz/obj/%.d) \
	$(SIM_OBJ:.o=.d) $(SIM_PORT:%.c=$(BUILD)/obj/%.d)

endif
