# boards/container/board.mk: one static binary for an empty root; read by the
# Makefile.
#
#   make BOARD=container          build/boards/container/runnel
#   make BOARD=container run      10 M rows in 4 MiB, from an empty root
#   make BOARD=container check    sets up for it first
#
# musl because a static glibc is larger and its resolver wants shared libraries
# at run time. ODBC drivers are shared libraries, so there is none; zstd as
# packaged is made for glibc.

CC = musl-gcc
DEP_CC = musl-gcc
STATIC = yes
ZLIB = source
ODBC = no
CODECS = snappy
BUILD = build/boards/container
DEPS = $(BUILD)/deps

# Ours is small and hot; what is large is not: the crypto's inner loops are
# assembly, and SQLite's virtual machine loses a tenth.
# The call graph is for tools/size-report.
OPT = -O2 -g -fcallgraph-info=su
DEP_OPT = -Os -g1

BOARD_SUITES = board-container

.PHONY: run
run: all ## Export 10 M rows from an empty root under a memory cap
	@RUNNEL=$(abspath $(BUILD)/image/runnel) node tests/lib/run.mjs \
		boards/container/run.mjs

# What is put into an image, and what tools/size-report reads.
all: $(BUILD)/image/runnel $(BUILD)/obj/tools/contexts.o
$(BUILD)/image/runnel: $(BUILD)/runnel
	@mkdir -p $(@D)
	@strip -o $@ $<
