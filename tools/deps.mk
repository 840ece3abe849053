# tools/deps.mk: the libraries we build ourselves, from unpacked sources.
#
# Called by the Makefile once the sources are there (their lists of files are
# only known then). DEP_SRC names the folder with the sources, DEPS the one for
# what is made of them, CC and AR the compiler. Built once and linked into every
# variant: what the sanitizers should look at is our code. A board whose
# processor or C library is another one has a DEPS of its own.

DEPS ?= build/deps
DEP_SRC ?= build/deps/src
CC ?= cc
CXX ?= g++
AR ?= ar
LD ?= ld
OBJCOPY ?= objcopy
include tools/deps-flags.mk

# Position independent, sections apart so that the linker drops what is not
# used, and the hardening that costs nothing measurable here.
DEP_OPT ?= -O2 -g1
DEP_PIE ?= -fPIE
DEP_CFLAGS = -std=gnu11 $(DEP_OPT) $(DEP_PIE) -ffunction-sections \
	-fdata-sections -fstack-protector-strong -fstack-clash-protection -w \
	$(DEP_MORE)

# First, as it is one long file: the others are compiled beside it.
ifneq ($(SQLITE),system)
LIBS += $(DEPS)/lib/libsqlite3.a
endif
ifneq ($(MBEDTLS),system)
LIBS += $(DEPS)/lib/libmbedtls.a
endif
LIBS += $(DEPS)/lib/libinih.a
ifneq ($(filter snappy,$(CODECS)),)
LIBS += $(DEPS)/lib/libsnappy_fragment.a
endif
ifeq ($(ZLIB),source)
LIBS += $(DEPS)/lib/libz.a $(DEPS)/include/jsmn.h
endif
ifeq ($(CMOCKA),source)
LIBS += $(DEPS)/lib/libcmocka.a
endif

all: $(LIBS)

.PHONY: all
.DELETE_ON_ERROR:

# ----------------------------------------------------------------- mbedTLS
# One archive for crypto, certificates and TLS: the linker takes what is used.

MBED = $(DEP_SRC)/mbedtls
MBED_SRC := $(wildcard $(MBED)/library/*.c)
MBED_OBJ := $(MBED_SRC:$(MBED)/library/%.c=$(DEPS)/obj/mbedtls/%.o)
MBED_CONFIG = agent/tls/mbedtls_config.h

$(MBED_OBJ): $(DEPS)/obj/mbedtls/%.o: $(MBED)/library/%.c $(MBED_CONFIG) \
		$(DEP_SRC)/mbedtls.origin tools/deps.mk
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

SQLITE_TREE = $(abspath $(DEP_SRC)/sqlite)
SQLITE_WORK = $(DEP_SRC)/../obj/sqlite

$(SQLITE_WORK)/sqlite3.c: $(DEP_SRC)/sqlite.origin
	rm -rf $(SQLITE_WORK) && mkdir -p $(SQLITE_WORK)
	if [ -e $(SQLITE_TREE)/sqlite3.c ]; then \
		cp $(SQLITE_TREE)/sqlite3.[ch] $(SQLITE_WORK); \
	else \
		cd $(SQLITE_WORK) && \
		$(SQLITE_TREE)/configure --disable-tcl >configure.log && \
		$(MAKE) --no-print-directory sqlite3.c >make.log; \
	fi
	touch $@

$(DEPS)/obj/sqlite/sqlite3.o: $(SQLITE_WORK)/sqlite3.c tools/deps-flags.mk \
		tools/deps.mk
	@mkdir -p $(@D)
	$(CC) $(DEP_CFLAGS) $(SQLITE_DEFS) -c -o $@ $<

$(DEPS)/lib/libsqlite3.a: $(DEPS)/obj/sqlite/sqlite3.o
	@mkdir -p $(@D) $(DEPS)/include
	cp $(SQLITE_WORK)/sqlite3.h $(DEPS)/include
	rm -f $@ && $(AR) rcs $@ $^

# -------------------------------------------------------------------- inih

$(DEPS)/obj/inih/ini.o: $(DEP_SRC)/inih.origin tools/deps-flags.mk \
		tools/deps.mk
	@mkdir -p $(@D)
	$(CC) $(DEP_CFLAGS) $(INIH_DEFS) -c -o $@ $(DEP_SRC)/inih/ini.c

$(DEPS)/lib/libinih.a: $(DEPS)/obj/inih/ini.o
	@mkdir -p $(@D) $(DEPS)/include
	cp $(DEP_SRC)/inih/ini.h $(DEPS)/include
	rm -f $@ && $(AR) rcs $@ $^

# ------------------------------------------------------------------ snappy
# C++, of which only the part that we call gets into the archive: it knows no
# allocator, no exception and no C++ library, and no other name of it can meet
# one of another copy.

SNAPPY = $(DEP_SRC)/snappy
SNAPPY_WORK = $(DEPS)/obj/snappy_fragment
SNAPPY_FLAGS = -std=c++11 $(filter-out -std=%,$(DEP_CFLAGS)) -DNDEBUG \
	-fno-exceptions -fno-rtti -fno-threadsafe-statics $(SNAPPY_DEFS)

# What its own build writes: the version and what the system has.
$(SNAPPY_WORK)/snappy-stubs-public.h: $(DEP_SRC)/snappy.origin tools/deps.mk
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

# -------------------------------------------------------------------- zlib
# Where the distribution has none for the board. What reads and writes files
# (gz*.c) stays out.

ZLIB_SRC := $(filter-out $(DEP_SRC)/zlib/gz%,$(wildcard $(DEP_SRC)/zlib/*.c))
ZLIB_OBJ := $(ZLIB_SRC:$(DEP_SRC)/zlib/%.c=$(DEPS)/obj/zlib/%.o)

$(ZLIB_OBJ): $(DEPS)/obj/zlib/%.o: $(DEP_SRC)/zlib/%.c \
		$(DEP_SRC)/zlib.origin tools/deps.mk
	@mkdir -p $(@D)
	$(CC) $(DEP_CFLAGS) -D_LARGEFILE64_SOURCE=1 -c -o $@ $<

$(DEPS)/lib/libz.a: $(ZLIB_OBJ)
	@mkdir -p $(@D) $(DEPS)/include
	cp $(DEP_SRC)/zlib/zlib.h $(DEP_SRC)/zlib/zconf.h $(DEPS)/include
	rm -f $@ && $(AR) rcs $@ $^

# One header, which a compiler for another machine would not look for.
$(DEPS)/include/jsmn.h: /usr/include/jsmn.h
	@mkdir -p $(@D)
	cp $< $@

# ------------------------------------------------------------------ cmocka
# For unit tests that run on another processor. What its configure step would
# find on Linux.

CMOCKA_DEFS = -D_GNU_SOURCE -DHAVE_SIGNAL_H=1 -DHAVE_STRINGS_H=1 \
	-DHAVE_INTTYPES_H=1 -DHAVE_STDINT_H=1 -DHAVE_SETJMP_H=1 \
	-DHAVE_CLOCK_GETTIME=1 -DHAVE_CLOCK_REALTIME=1 \
	-DHAVE_STRUCT_TIMESPEC=1 -DHAVE_SNPRINTF=1 -DHAVE_VSNPRINTF=1 \
	-DHAVE_STRSIGNAL=1 -DHAVE_GCC_THREAD_LOCAL_STORAGE=1

$(DEPS)/obj/cmocka/cmocka.o: $(DEP_SRC)/cmocka.origin tools/deps.mk
	@mkdir -p $(@D)
	$(CC) $(DEP_CFLAGS) $(CMOCKA_DEFS) -I$(DEP_SRC)/cmocka/include -c -o $@ \
		$(DEP_SRC)/cmocka/src/cmocka.c

$(DEPS)/lib/libcmocka.a: $(DEPS)/obj/cmocka/cmocka.o
	@mkdir -p $(@D) $(DEPS)/include
	cp $(DEP_SRC)/cmocka/include/cmocka*.h $(DEPS)/include
	rm -f $@ && $(AR) rcs $@ $^
