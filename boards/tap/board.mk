# boards/tap/board.mk: no board: port/lwip on this host over a tap device, where
# the sanitizers see what firmware hides.

IMAGES = all contract
CROSS =
contract_MAIN = contract

SAN ?= address,undefined
MACHINE = -O0 -fno-omit-frame-pointer $(if $(SAN),-fsanitize=$(SAN) \
	-fno-sanitize-recover=all)
# Pointers are twice as long, so lwIP's heap is larger.
BOARD_DEFS = -DMEM_SIZE=8192 -D_GNU_SOURCE
LINK =
LINK_LIBS = -lm
link_script =
RUN = tests/board/tap.sh
