# boards/mps2-an385/board.mk: Arm MPS2 with AN385, a Cortex-M3, as QEMU has it.

IMAGES = csv
CROSS = arm-none-eabi-
MACHINE = -mcpu=cortex-m3 -mthumb
# Debian's compiler brings a stdint.h that does not tell newlib's inttypes.h
# which widths there are.
BOARD_DEFS = -D__int64_t_defined=1 -D__int32_t_defined=1 \
	-D__int16_t_defined=1 -D__int8_t_defined=1
LINK = -nostartfiles -Wl,--no-enum-size-warning
LINK_LIBS = -lc -lnosys -lgcc
