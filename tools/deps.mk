# tools/deps.mk: the libraries we build ourselves, from unpacked sources.
#
# Called by the Makefile once the sources are there (their lists of files are
# only known then). DEPS names the folder with src/, CC and AR the compiler.
# Built once and linked into every variant: what the sanitizers should look at
# is our code.

DEPS ?= build/deps
CC ?= cc
CXX ?= g++
AR ?= ar
LD ?= ld
OBJCOPY ?= objcopy
include tools/deps-flags.mk

# Position independent, sections apart so that the linker drops what is not
# used, and the hardening that costs nothing measurable here.
DEP_CFLAGS = -std=gnu11 -O2 -g1 -fPIE -ffunction-sections -fdata-sections \
	-fstack-protector-strong -fstack-clash-protection -w

ifneq ($(MBEDTLS),system)
LIBS += $(DEPS)/lib/libmbedtls.a
endif
ifneq ($(SQLITE),system)
LIBS += $(DEPS)/lib/libsqlite3.a
endif
LIBS += $(DEPS)/lib/libinih.a
ifneq ($(filter snappy,$(CODECS)),)
LIBS += $(DEPS)/lib/libsnappy_fragment.a
endif

all: $(LIBS)

.PHONY: all
.DELETE_ON_ERROR:

# ----------------------------------------------------------------- mbedTLS
# One archive for crypto, certificates and TLS: the linker takes what is used.

MBED = $(DEPS)/src/mbedtls
MBED_SRC := $(wildcard $(MBED)/library/*.c)
MBED_OBJ := $(MBED_SRC:$(MBED)/library/%.c=$(DEPS)/obj/mbedtls/%.o)
MBED_CONFIG = agent/tls/mbedtls_config.h

$(MBED_OBJ): $(DEPS)/obj/mbedtls/%.o: $(MBED)/library/%.c $(MBED_CONFIG) \
		$(DEPS)/src/mbedtls.origin tools/deps.mk
	@mkdir -p $(@D)
	$(CC) $(DEP_CFLAGS) $(MBEDTLS_DEFS) -Iagent -I$(MBED)/include \
		-I$(MBED)/library -c -o $@ $<

$(DEPS)/lib/libmbedtls.a: $(MBED_OBJ)
	@mkdir -p $(@D) $(DEPS)/include
	cp -R $(MBED)/include/mbedtls $(MBED)/include/psa $(DEPS)/include
	rm -f $@ && $(AR) rcs $@ $^

# ------------------------------------------------------------------ SQLite
# The sources of the distribution are the full tree; its own makefile writes
# the amalgamation with tclsh. An amalgamation named with SQLITE_DIR is used
# as it is.

SQLITE_TREE = $(abspath $(DEPS)/src/sqlite)
SQLITE_WORK = $(DEPS)/obj/sqlite

$(SQLITE_WORK)/sqlite3.c: $(DEPS)/src/sqlite.origin
	rm -rf $(SQLITE_WORK) && mkdir -p $(SQLITE_WORK)
	if [ -e $(SQLITE_TREE)/sqlite3.c ]; then \
		cp $(SQLITE_TREE)/sqlite3.[ch] $(SQLITE_WORK); \
	else \
		cd $(SQLITE_WORK) && \
		$(SQLITE_TREE)/configure --disable-tcl >configure.log && \
		$(MAKE) --no-print-directory sqlite3.c >make.log; \
	fi
	touch $@

$(SQLITE_WORK)/sqlite3.o: $(SQLITE_WORK)/sqlite3.c tools/deps-flags.mk \
		tools/deps.mk
	$(CC) $(DEP_CFLAGS) $(SQLITE_DEFS) -c -o $@ $<

$(DEPS)/lib/libsqlite3.a: $(SQLITE_WORK)/sqlite3.o
	@mkdir -p $(@D) $(DEPS)/include
	cp $(SQLITE_WORK)/sqlite3.h $(DEPS)/include
	rm -f $@ && $(AR) rcs $@ $^

# -------------------------------------------------------------------- inih

$(DEPS)/obj/inih/ini.o: $(DEPS)/src/inih.origin tools/deps-flags.mk \
		tools/deps.mk
	@mkdir -p $(@D)
	$(CC) $(DEP_CFLAGS) $(INIH_DEFS) -c -o $@ $(DEPS)/src/inih/ini.c

$(DEPS)/lib/libinih.a: $(DEPS)/obj/inih/ini.o
	@mkdir -p $(@D) $(DEPS)/include
	cp $(DEPS)/src/inih/ini.h $(DEPS)/include
	rm -f $@ && $(AR) rcs $@ $^

# ------------------------------------------------------------------ snappy
# C++, of which only the part that we call gets into the archive: it knows no
# allocator, no exception and no C++ library, and no other name of it can meet
# one of another copy.

SNAPPY = $(DEPS)/src/snappy
SNAPPY_WORK = $(DEPS)/obj/snappy_fragment
SNAPPY_FLAGS = -std=c++11 $(filter-out -std=%,$(DEP_CFLAGS)) -DNDEBUG \
	-fno-exceptions -fno-rtti -fno-threadsafe-statics $(SNAPPY_DEFS)

# What its own build writes: the version and what the system has.
$(SNAPPY_WORK)/snappy-stubs-public.h: $(DEPS)/src/snappy.origin tools/deps.mk
	@mkdir -p $(@D)
	v=$$(sed -n 's/^project(Snappy VERSION \([0-9.]*\).*/\1/p' \
		$(SNAPPY)/CMakeLists.txt) && IFS=. && set -- $$v && \
	sed -e 's/$${HAVE_SYS_UIO_H_01}/0/' \
		-e "s/\$${PROJECT_VERSION_MAJOR}/$$1/" \
		-e "s/\$${PROJECT_VERSION_MINOR}/$$2/" \
		-e "s/\$${PROJECT_VERSION_PATCH}/$$3/" \
		$(SNAPPY)/snappy-stubs-public.h.in >$@

$(SNAPPY_WORK)/fragment.o: tools/snappy_fragment.cc \
		agent/compress/snappy_fragment.h tools/deps-flags.mk \
		$(SNAPPY_WORK)/snappy-stubs-public.h
	$(CXX) $(SNAPPY_FLAGS) -Iagent -I$(SNAPPY_WORK) -I$(SNAPPY) \
		-c -o $(@D)/all.o $<
	$(LD) -r --gc-sections -u rn_snappy_fragment -u rn_snappy_library \
		-o $@ $(@D)/all.o
	$(OBJCOPY) --strip-unneeded --keep-global-symbol=rn_snappy_fragment \
		--keep-global-symbol=rn_snappy_library $@

$(DEPS)/lib/libsnappy_fragment.a: $(SNAPPY_WORK)/fragment.o
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^
