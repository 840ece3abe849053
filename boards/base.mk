# boards/base.mk: builds firmware: what all boards without an operating system
# have in common. boards/BOARD/board.mk says the rest.
#
#   make BOARD=mps2-an385              every image of the board
#   make BOARD=mps2-an385 IMAGE=csv    one of them
#   make BOARD=mps2-an385 run          export to Azurite, and read it back
#
# Each image is one ELF with a linker script of its own that has no more
# memory than was promised for it: what does not fit is a link error.
#
#   build/boards/BOARD/IMAGE/IMAGE.elf, IMAGE.map, *.su (stack of functions)

SHELL = /bin/bash
DEPS ?= build/deps
GEN = build/gen
OUT = build/boards/$(BOARD)
HERE = boards/$(BOARD)

ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-builtin-rules

include $(HERE)/board.mk

WERROR ?= -Werror
CC = $(CROSS)gcc
WARN = -Wall -Wextra -pedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla $(WERROR)

# ------------------------------------------------------------------ files

# The agent without its command line and without what only a host has.
AGENT := $(filter-out agent/cli/% $(filter-out agent/warehouse/connect%.c agent/warehouse/sql%.c agent/warehouse/databricks%.c agent/warehouse/rest%.c,$(wildcard agent/warehouse/*.c)) agent/encode/list.c \
	agent/compress/codec_snappy.c agent/compress/codec_zstd.c \
	agent/source/sqlite%.c agent/tls/trust.c agent/blob/folder%.c agent/blob/store.c, \
	$(wildcard agent/*/*.c))
PORT := $(wildcard port/lwip/*.c)
BOARD_SRC := $(wildcard $(HERE)/*.c) $(wildcard boards/*.c)

LWIP = $(DEPS)/src/lwip/src
LWIP_SRC := $(wildcard $(LWIP)/core/*.c $(LWIP)/core/ipv4/*.c) \
	$(LWIP)/netif/ethernet.c $(LWIP)/apps/sntp/sntp.c
MBED = $(DEPS)/src/mbedtls/library
MBED_SRC := $(wildcard $(MBED)/*.c)
ZLIB = $(DEPS)/src/zlib
ZLIB_SRC := $(addprefix $(ZLIB)/,adler32.c crc32.c deflate.c trees.c zutil.c)
INIH = $(DEPS)/src/inih

# ------------------------------------------------------------------ flags

include tools/deps-flags.mk
MBEDTLS_DEFS := -DMBEDTLS_CONFIG_FILE='"boards/mbedtls_config.h"'
INIH_DEFS := $(patsubst -DINI_MAX_LINE=%,-DINI_MAX_LINE=512,$(INIH_DEFS))

COMMON = $(MACHINE) -Os -g -ffunction-sections -fdata-sections -fno-common \
	-fstack-usage -fno-short-enums
DEFS = $(MBEDTLS_DEFS) $(INIH_DEFS) $(BOARD_DEFS)
INC = -I$(HERE) -I. -Iinclude -Iagent -Iport -I$(GEN)
SYS_INC = -isystem build/jsmn -isystem $(DEPS)/src/mbedtls/include -isystem $(ZLIB) \
	-isystem $(INIH) -isystem $(DEPS)/src/lwip/src/include -Iport/lwip
OWN = $(COMMON) -std=c11 $(WARN) $(DEFS) $(INC) $(SYS_INC)
LIB = $(COMMON) -std=gnu11 -w $(DEFS) $(INC) $(SYS_INC)

# ---------------------------------------------------------------- targets

.PHONY: all run clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

IMAGE ?= $(IMAGES)
all: $(foreach i,$(IMAGE),$(OUT)/$i/$i.elf)

$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(OWN)' | cmp -s - $@ || echo '$(CC) $(OWN)' >$@

TABLES := $(patsubst tools/%gen.c,$(GEN)/%.h,$(wildcard tools/*_tablegen.c))
$(GEN)/%.h: tools/%gen.c
	@mkdir -p $(@D)
	@gcc -std=c11 -O1 $(WARN) -o $(GEN)/$*gen $<
	@$(GEN)/$*gen >$@

SAY = @mkdir -p $(@D); echo "  $(BOARD) $(notdir $<)";

$(OUT)/obj/deps/%.o: $(DEPS)/src/%.c $(OUT)/flags
	$(SAY) $(CC) $(LIB) -MD -MP -c -o $@ $<
$(OUT)/obj/%.o: %.c $(OUT)/flags | $(TABLES)
	$(SAY) $(CC) $(OWN) -MD -MP -c -o $@ $<

SRC = $(AGENT) $(PORT) $(BOARD_SRC)
DEP_SRC = $(LWIP_SRC) $(MBED_SRC) $(ZLIB_SRC) $(INIH)/ini.c
OBJ = $(SRC:%.c=$(OUT)/obj/%.o)
LIB_OBJ = $(DEP_SRC:$(DEPS)/src/%.c=$(OUT)/obj/deps/%.o)

$(OUT)/%.elf: $(OBJ) $(LIB_OBJ) $(OUT)/list.o $(wildcard $(HERE)/*.ld)
	@mkdir -p $(@D); echo "  link $@"
	@$(CC) $(MACHINE) $(LINK) -L$(HERE) -T $(HERE)/$(notdir $*).ld \
		-Wl,--gc-sections -Wl,-Map=$(@:.elf=.map) -o $@ \
		$(OBJ) $(LIB_OBJ) $(OUT)/list.o $(LINK_LIBS)

# Which sources, formats and codecs an image has.
$(OUT)/list.c: $(OUT)/flags boards/base.mk
	@printf '%s\n' '/* written by make */' '#include "runnel/source.h"' \
	'#include "runnel/warehouse.h"' '#include "runnel/store.h"' \
	'#include "compress/codec_list.h"' '#include "encode/list.h"' \
	'extern const struct rn_source_class rn_source_demo;' \
	'const struct rn_source_class *const rn_sources[] = { &rn_source_demo };' \
	'const size_t rn_sources_n = 1;' \
	'const struct rn_codec_class *const rn_codecs[] = { &rn_codec_gzip, &rn_codec_deflate };' \
	'const size_t rn_codecs_n = 2;' \
	'const struct rn_encoder_class *const rn_encoders[] = { &rn_encode_csv, &rn_encode_json, &rn_encode_avro, &rn_encode_parquet };' \
	'const size_t rn_encoders_n = 4;' \
	'const struct rn_warehouse_class *const rn_warehouses[1];' \
	'const size_t rn_warehouses_n = 0;' \
	'size_t rn_warehouses_http_need(const struct rn_config *c) { (void)c; return 0; }' \
	'int rn_warehouses_http(const struct rn_config *c, struct rn_http **h, bool *own, struct rn_arena *mem, struct rn_error *error) { (void)c;(void)h;(void)own;(void)mem;(void)error; return 0; }' \
	'const struct rn_store_class *rn_store_for(const char *url) { (void)url; return &rn_store_azure; }' \
	>$@
$(OUT)/list.o: $(OUT)/list.c
	@$(CC) $(OWN) -c -o $@ $<

-include $(OBJ:.o=.d) $(LIB_OBJ:.o=.d)
