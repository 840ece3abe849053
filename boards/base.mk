# boards/base.mk: builds firmware: what boards over port/lwip have in common.
# boards/BOARD/board.mk says the rest.
#
#   make BOARD=mps2-an385               every image of the board
#   make BOARD=mps2-an385 IMAGES=csv    one of them
#   make BOARD=mps2-an385 DEBUG=        without debug information
#   make BOARD=mps2-an385 run           build, then export to Azurite and have
#                                       other readers check every row
#   make BOARD=tap SAN=                 the same port on this host, without
#                                       sanitizers
#
# An image is one ELF with a linker script of its own that has no more memory
# than was promised for it: what does not fit is a link error. What an image
# does not name in its lists is dropped by the linker, so all share objects.
#
#   build/boards/BOARD/IMAGE/IMAGE.elf, IMAGE.map, *.su (stack of functions)
#
# A board with LTO has a plain.elf beside each, linked without it and with no
# limit: the functions that tools/size-report adds up.

SHELL = /bin/bash
DEPS ?= build/deps
GEN = build/gen
OUT = build/boards/$(BOARD)
HERE = boards/$(BOARD)
WERROR ?= -Werror
DEBUG ?= -g

ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-builtin-rules

# All that an image can have; board.mk names less in IMAGE_SOURCES and so on.
SOURCES = push
FORMATS = csv json parquet avro
CODECS = gzip deflate
MAIN = push
WORDS = full
# What has a smaller file in its place for those that do without.
GZIP = yes
RESUME = yes
KEYS = yes

include $(HERE)/board.mk

BOARD_CC = $(CROSS)gcc
WARN = -Wall -Wextra -pedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla $(WERROR)

# ------------------------------------------------------------------ files

# The agent without its command line, and without what only hosts have: files,
# warehouses, codecs that are libraries of the system.
AGENT := $(filter-out agent/cli/% agent/warehouse/% agent/job/validate% \
	agent/job/report% agent/job/run_load.c agent/job/plan_load.c \
	agent/job/run_probe.c agent/job/summary.c \
	agent/core/crc64_portable.c \
	agent/compress/codec_snappy.c agent/compress/codec_zstd.c \
	agent/tls/trust.c agent/tls/versions_13.c agent/blob/folder% \
	agent/source/sqlite%, \
	$(wildcard agent/*/*.c))
PORT := $(wildcard port/lwip/*.c)
SHARED := boards/image.c boards/demo.c boards/trust_der.c boards/versions_12.c \
	boards/md5_small.c \
	$(wildcard $(HERE)/*.c)
MAINS := boards/image_push.c boards/image_contract.c \
	$(wildcard tests/port/contract*.c)

SRC_DIR = $(DEPS)/src
LWIP = $(SRC_DIR)/lwip/src
LWIP_SRC := $(wildcard $(LWIP)/core/*.c $(LWIP)/core/ipv4/*.c) \
	$(LWIP)/netif/ethernet.c $(LWIP)/apps/sntp/sntp.c
MBED = $(SRC_DIR)/mbedtls/library
MBED_SRC := $(filter-out $(addprefix $(MBED)/,net_sockets.c timing.c \
	entropy_poll.c debug.c error.c psa_its_file.c ssl_cookie.c x509_create.c \
	x509write%.c x509_csr.c x509_crl.c pkcs5.c pkcs7.c pkcs12.c lm%.c dhm.c \
	ssl_tls13%.c psa%.c ssl_ticket.c camellia.c aria.c des.c ripemd160.c ecjpake.c nist_kw.c sha3.c), \
	$(wildcard $(MBED)/*.c))
ZLIB = $(SRC_DIR)/zlib
# CRC-32 from a table of 1 KiB instead of five.
ZLIB_DEFS = -DZ_TESTW=0
ZLIB_SRC := $(addprefix $(ZLIB)/,adler32.c crc32.c deflate.c trees.c zutil.c)

# Without what a query has no need of, grammar included: half of the code. The
# amalgamation has to be written with the same words as it is compiled with.
SQLITE_OMIT = $(addprefix -DSQLITE_OMIT_,VIRTUALTABLE TRIGGER VIEW \
	FOREIGN_KEY ALTERTABLE ANALYZE EXPLAIN AUTOVACUUM REINDEX TEMPDB \
	GENERATED_COLUMNS INCRBLOB)
SQLITE_BOARD_DEFS = $(filter-out -DSQLITE_ENABLE_MATH_FUNCTIONS \
	-DSQLITE_USE_ALLOCA -DSQLITE_MAX_EXPR_DEPTH=%,$(SQLITE_DEFS)) \
	$(SQLITE_OMIT) -DSQLITE_OS_OTHER=1 -DSQLITE_MAX_EXPR_DEPTH=100 \
	-DSQLITE_MAX_MMAP_SIZE=0 $(addprefix -DSQLITE_OMIT_,WAL JSON UTF16 \
	COMPLETE GET_TABLE TRACE TCL_VARIABLE COMPILEOPTION_DIAGS \
	INTEGRITY_CHECK INTROSPECTION_PRAGMAS DESERIALIZE)
SQLITE_DIR = $(OUT)/amalgamation
DEP_SRC = $(LWIP_SRC) $(MBED_SRC) $(ZLIB_SRC) $(SRC_DIR)/inih/ini.c

# ------------------------------------------------------------------ flags

include tools/deps-flags.mk
MBEDTLS_DEFS := -DMBEDTLS_CONFIG_FILE='"boards/mbedtls_config.h"'
# The line buffer is on the stack: a SAS token fits.
INIH_DEFS := $(patsubst -DINI_MAX_LINE=%,-DINI_MAX_LINE=640,$(INIH_DEFS))

COMMON = $(MACHINE) $(DEBUG) -ffunction-sections -fdata-sections -fno-common \
	-fstack-usage -fcallgraph-info=su $(LTO)
DEFS = $(MBEDTLS_DEFS) $(INIH_DEFS) $(ZLIB_DEFS) $(BOARD_DEFS) \
	-DSHOP_DATABASE='"$(OUT)/shop.db"'
INC = -I$(HERE) -I. -Iboards/include -Iinclude -Iagent -Iport -Itests -Iport/lwip -I$(GEN) \
	-isystem $(SRC_DIR)/mbedtls/include -isystem $(ZLIB) \
	-isystem $(OUT)/amalgamation -isystem $(SRC_DIR)/inih -isystem $(LWIP)/include
OWN = $(COMMON) -std=c11 $(WARN) $(DEFS) $(INC)
LIB = $(COMMON) -std=gnu11 -w $(DEFS) $(INC)

# ---------------------------------------------------------------- targets

TABLES := $(patsubst tools/%gen.c,$(GEN)/%.h,$(wildcard tools/*_tablegen.c))

.PHONY: all run shared clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(foreach i,$(IMAGES),$(OUT)/$i/$i.elf) $(OUT)/obj/tools/contexts.o

run: all build/boards/port-peer
	@$(RUN)

# What boards share: made once, before several are built at the same time.
shared: $(TABLES) build/boards/port-peer

# The contract suite's other end, on the host.
build/boards/port-peer: tests/port/peer.c tests/port/contract.h
	@mkdir -p $(@D); echo "  gcc $<"
	@gcc -std=c11 -O1 $(WARN) -D_GNU_SOURCE -Iinclude -Itests -o $@ $<

clean:
	rm -rf $(OUT)

$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(BOARD_CC) $(OWN) $(LINK))' | cmp -s - $@ || \
	echo '$(subst ','\'',$(BOARD_CC) $(OWN) $(LINK))' >$@

$(GEN)/%.h: tools/%gen.c
	@mkdir -p $(@D)
	@gcc -std=c11 -O1 $(WARN) -o $(GEN)/$*gen $<
	@$(GEN)/$*gen >$@

READY = $(TABLES)

$(OUT)/obj/deps/%.o: $(SRC_DIR)/%.c $(OUT)/flags
	@mkdir -p $(@D); echo "  $(BOARD) $*.c"
	@$(BOARD_CC) $(LIB) -MD -MP -c -o $@ $<
$(OUT)/obj/%.o: %.c $(OUT)/flags | $(READY)
	@mkdir -p $(@D); echo "  $(BOARD) $<"
	@$(BOARD_CC) $(OWN) -MD -MP -c -o $@ $<

$(SQLITE_DIR)/sqlite3.c: $(SRC_DIR)/sqlite.origin boards/base.mk
	@echo "  $(BOARD) sqlite3.c (amalgamation)"
	@rm -rf $(@D) && mkdir -p $(@D) && cd $(@D) && \
		$(abspath $(SRC_DIR)/sqlite)/configure --disable-tcl \
		>configure.log 2>&1 && \
		$(MAKE) --no-print-directory -s OPTS="$(SQLITE_OMIT)" sqlite3.c \
		>make.log 2>&1
$(SQLITE_DIR)/sqlite3.o: $(SQLITE_DIR)/sqlite3.c $(OUT)/flags
	@echo "  $(BOARD) sqlite3.c"
	@$(BOARD_CC) $(LIB) $(SQLITE_BOARD_DEFS) -c -o $@ $<
$(OUT)/shop.db: boards/shop.sql
	@mkdir -p $(@D); rm -f $@; sqlite3 -bail $@ <$<
SQLITE_EXTRA = $(OUT)/obj/boards/sqlite_flash_vfs.o $(SQLITE_DIR)/sqlite3.o
$(OUT)/obj/boards/image_job.o: $(OUT)/shop.db
$(OUT)/obj/boards/sqlite_flash_vfs.o $(foreach d,obj terse,$(patsubst \
	%.c,$(OUT)/$d/%.o,$(wildcard agent/source/sqlite*.c))): \
	| $(SQLITE_DIR)/sqlite3.c

# For the bound on the stack (tools/size-report): gcc writes no call graph of
# what it compiles for linking as a whole.
ifneq ($(LTO),)
GRAPH = $(patsubst %.c,$(OUT)/graph/%.ci,$(AGENT) $(PORT) $(SHARED) \
	boards/image_push.c boards/image_job.c boards/sqlite_flash_vfs.c \
	$(wildcard agent/source/sqlite*.c))
endif
$(OUT)/graph/%.ci: %.c $(OUT)/flags | $(READY) $(SQLITE_DIR)/sqlite3.c \
		$(OUT)/shop.db
	@mkdir -p $(@D)
	@$(BOARD_CC) $(filter-out $(LTO),$(OWN)) -fcallgraph-info=su -MD -MP \
		-MF $(@:.ci=.d) -MT $@ -c -o $(@:.ci=.o) $<
-include $(GRAPH:.ci=.d)
all: $(GRAPH)

# Failures told by code and place alone, where flash is short: the agent once
# more (NAME_WORDS = terse in board.mk).
$(OUT)/terse/%.o: %.c $(OUT)/flags | $(READY)
	@mkdir -p $(@D); echo "  $(BOARD) $< (terse)"
	@$(BOARD_CC) $(COMMON) -std=c11 $(WARN) $(DEFS) -Iboards/terse $(INC) \
		-MD -MP -c -o $@ $<

OBJ = $(patsubst %.c,$(OUT)/obj/%.o,$(PORT) $(SHARED)) \
	$(DEP_SRC:$(SRC_DIR)/%.c=$(OUT)/obj/deps/%.o)
MAIN_OBJ = $(MAINS:%.c=$(OUT)/obj/%.o)

# What of an image is not as the defaults above: NAME_WHAT in board.mk.
of = $(if $(filter undefined,$(origin $1_$2)),$($2),$($1_$2))
without = $(if $(filter yes,$(call of,$1,GZIP)),%/gzip_none.c %/crc32_small.c, \
	%/gzip.c %/compress/crc32.c) \
	$(if $(filter yes,$(call of,$1,RESUME)),%/run_resume_none.c, \
	%/run_resume.c) \
	$(if $(filter yes,$(call of,$1,KEYS)),%/sas_only.c,%/connection.c \
	%/shared_key.c)
agent_of = $(patsubst %.c,$(OUT)/$(if $(filter terse,$(call \
	of,$1,WORDS)),terse,obj)/%.o,$(filter-out $(call without,$1),$(AGENT)) \
	$(if $(filter job,$(call of,$1,MAIN)),$(wildcard agent/source/sqlite*.c)))
# image_NAME.c, and with the contract its checks.
main_of = $(OUT)/obj/boards/image_$(call of,$1,MAIN).o \
	$(if $(filter job,$(call of,$1,MAIN)),$(SQLITE_EXTRA)) \
	$(if $(filter fault,$1),$(OUT)/obj/boards/fault_heap.o) \
	$(if $(filter contract,$(call of,$1,MAIN)),$(filter %/contract.o \
	%/contract_bytes.o %/contract_open.o %/contract_state.o \
	%/contract_time.o,$(MAIN_OBJ)))

# Tests stand between the port and the board's flash, and between TLS and its
# heap.
FAIL_HEAP = -Wl,--wrap=rn_heap_calloc,--wrap=image_end
CUT_FLASH = -Wl,--wrap=rn_board_flash_write,--wrap=rn_board_flash_erase

link_of = $(if $(filter contract,$(call of,$1,MAIN)),$(CUT_FLASH)) \
	$(if $(filter fault,$1),$(FAIL_HEAP)) -Wl,--gc-sections \
	$(OBJ) $(call agent_of,$1) $(call main_of,$1) $(OUT)/$1/list.o $(LINK_LIBS)

define image_rules
$(OUT)/$1/list.c: $(OUT)/flags tools/image-list boards/base.mk $(HERE)/board.mk
	@mkdir -p $$(@D)
	@tools/image-list "$(call of,$1,SOURCES)" "$(call of,$1,FORMATS)" \
		"$(call of,$1,CODECS)" >$$@
$(OUT)/$1/list.o: $(OUT)/$1/list.c | $(READY)
	@$(BOARD_CC) $(OWN) -c -o $$@ $$<
$(OUT)/$1/$1.elf: $(OBJ) $(call agent_of,$1) $(call main_of,$1) $(OUT)/$1/list.o \
		$(wildcard $(HERE)/*.ld) boards/base.mk $(HERE)/board.mk
	@echo "  link $$@"
	@$(BOARD_CC) $(MACHINE) $(LINK) $(call of,$1,LINK_LTO) \
		$(call link_script,$1) -Wl,-Map=$(OUT)/$1/$1.map -o $$@ $(call link_of,$1)
	@$(if $(LTO),$(BOARD_CC) $(MACHINE) $(LINK) -fno-lto \
		$(call link_script,plain) -o $(OUT)/$1/plain.elf $(call link_of,$1))
	@for o in $(OBJ) $(call agent_of,$1) $(call main_of,$1); do \
		su=$$$${o%.o}.su; n=$$$${su#$(OUT)/}; n=$$$${n#obj/}; n=$$$${n#terse/}; \
		[ ! -e $$$$su ] || cp $$$$su $(OUT)/$1/$$$${n//\//_}; done
endef
$(foreach i,$(IMAGES),$(eval $(call image_rules,$i)))

-include $(OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(AGENT:%.c=$(OUT)/obj/%.d) \
	$(AGENT:%.c=$(OUT)/terse/%.d) $(wildcard $(SQLITE_EXTRA:.o=.d))
