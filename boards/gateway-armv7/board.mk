# boards/gateway-armv7/board.mk: a static binary for 32-bit ARM gateways; read
# by the Makefile.
#
#   make BOARD=gateway-armv7          build/boards/gateway-armv7/runnel
#   make BOARD=gateway-armv7 unit     its unit tests, under qemu-user
#   make BOARD=gateway-armv7 run      jobs into Azurite, under qemu-user
#   make BOARD=gateway-armv7 check    both, set up first
#
# Debian's compiler for armhf: ARMv7 with a floating point unit, Thumb-2. Its
# glibc has 32-bit times unless told otherwise, and file sizes too.

CROSS = arm-linux-gnueabihf-
CC = $(CROSS)gcc
DEP_CC = $(CROSS)gcc $(WIDE)
DEP_CXX = $(CROSS)g++
AR = $(CROSS)ar
LD = $(CROSS)ld
OBJCOPY = $(CROSS)objcopy
WIDE = -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
STATIC = yes
NAMES = static
ZLIB = source
CMOCKA = source
ODBC = no
CODECS = snappy
BUILD = build/boards/gateway-armv7
DEPS = $(BUILD)/deps
# The call graph is for tools/size-report.
OPT = -O2 $(WIDE) -fcallgraph-info=su
DEP_OPT = -O2

RUN_ON = qemu-arm

# Its readers are the distribution's shared libraries.
# The other tells allocations apart by who called, which needs unwinding that
# this compiler leaves out.
UNIT_SKIP = test_codec test_tls_alloc

# getaddrinfo() of a static glibc, without the linker's warning that it would
# load shared libraries: port/linux/names_static.c sees to it that it doesn't.
BOARD_LIBS = $(DEPS)/lib/libnames.a
$(BOARD_LIBS):
	@mkdir -p $(@D) $(DEPS)/obj/names
	@cd $(DEPS)/obj/names && \
		$(AR) x $$($(CC) -print-file-name=libc.a) getaddrinfo.o && \
		$(OBJCOPY) -R .gnu.warning.getaddrinfo getaddrinfo.o
	@rm -f $@; $(AR) rcs $@ $(DEPS)/obj/names/getaddrinfo.o

# Long loops over numbers are as exact in a twentieth of them.
unit: export UNIT_FEWER = 20

BOARD_SUITES = board-armv7-unit board-armv7

# What is installed, and what tools/size-report reads.
all: $(BUILD)/image/runnel $(BUILD)/obj/tools/contexts.o
$(BUILD)/image/runnel: $(BUILD)/runnel
	@mkdir -p $(@D)
	@$(CROSS)strip -o $@ $<

.PHONY: run
run: all ## Jobs into Azurite, under the emulator
	@RUNNEL=$(abspath $(BUILD)/runnel) RUN_ON=$(RUN_ON) \
		node tests/lib/run.mjs boards/gateway-armv7/run.mjs
