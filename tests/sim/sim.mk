# tests/sim/sim.mk: the simulator: the library over port/sim, with a source of
# its own beside SQLite, and the suites that run in it.
#
#   make sim [SEEDS=n]         n random worlds; SEED=x replays one, with a trace
#   make torture               JOB=csv CALL=n WAY=n replays one
#   make powercut              JOB=csv CALL=n WHEN=n replays one

SEEDS ?= 10000
SIM_DIR = $(BUILD)
SIM_SRC := $(wildcard tests/sim/*.c)
SIM_OBJ = $(SIM_SRC:%.c=$(BUILD)/obj/%.o)
SIM_WRAP = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free \
	-Wl,--wrap=sqlite3_open_v2

.PHONY: sim sim-bin torture powercut

ifneq ($(PORT),sim)
# The whole library again, in a variant of its own.
IN_SIM = $(MAKE) --no-print-directory PORT=sim SOURCES="rows sqlite" \
	BUILD=$(BUILD)/sim SAN=$(SAN)
sim-bin:
	+@$(IN_SIM) sim-bin
sim: sim-bin ## Random faults in a simulated world: SEEDS=n (10000), SEED=x replays
	@$(if $(SEED),$(BUILD)/sim/sim seed $(SEED),$(BUILD)/sim/sim seeds $(SEEDS))
torture: sim-bin ## Every call of the port fails, once and for ever
	@$(BUILD)/sim/sim torture $(JOB) $(CALL) $(WAY)
powercut: sim-bin ## The power is cut at every call of the port, and again in recovery
	@$(BUILD)/sim/sim powercut $(JOB) $(CALL) $(WHEN)
else
sim-bin: $(BUILD)/sim
endif

$(BUILD)/sim: $(SIM_OBJ) $(BUILD)/librunnel.a $(DEP_LIBS)
	@echo "  link $@"
	@$(CC) $(LINK_HARDEN) $(LDFLAGS) -o $@ $(SIM_OBJ) $(SIM_WRAP) $(LINK_LIBS)
