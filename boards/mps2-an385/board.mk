# boards/mps2-an385/board.mk: Arm MPS2 with AN385, a Cortex-M3, as QEMU has it.
# Memory of each image: IMAGE.ld.

IMAGES = csv gzip parquet all sqlite contract fault
CROSS = arm-none-eabi-

csv_FORMATS = csv json
gzip_FORMATS = csv json
parquet_FORMATS = parquet
csv_CODECS =
csv_GZIP = no
parquet_CODECS =
parquet_GZIP = no
gzip_WORDS = terse
parquet_WORDS = terse
all_WORDS = terse
all_CODECS =
all_GZIP = no
sqlite_WORDS = terse
sqlite_MAIN = job
sqlite_SOURCES = sqlite
sqlite_FORMATS = csv json parquet avro
fault_FORMATS = csv json
contract_MAIN = contract
# There are no sectors for checkpoints, and a device is given a SAS.
RESUME = no
KEYS = no

MACHINE = -mcpu=cortex-m3 -mthumb -Os -fno-short-enums --specs=nano.specs
# Debian's compiler brings a stdint.h that does not tell newlib's inttypes.h
# which widths there are. Asserts of lwIP would be 12 KiB of text.
BOARD_DEFS = -D__int64_t_defined=1 -D__int32_t_defined=1 \
	-D__int16_t_defined=1 -D__int8_t_defined=1 -DLWIP_NOASSERT \
	-DRN_LWIP_CONNECTIONS=1
# The whole image at once. Objects hold machine code too: for the images that
# are linked without it, and for what tools/size-report reads.
LTO = -flto -ffat-lto-objects
LINK_LTO = -flto=2
fault_LINK_LTO = -fno-lto
contract_LINK_LTO = -fno-lto
LINK = -nostartfiles -Wl,--no-enum-size-warning,--no-warn-rwx-segments
LINK_LIBS = -lm -lc -lnosys -lgcc
link_script = -L$(HERE) -T $(HERE)/$1.ld
RUN = node tests/lib/run.mjs tests/board/board.test.mjs \
	tests/board/faults.test.mjs tests/board/contract.test.mjs
