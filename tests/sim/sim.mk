# tests/sim/sim.mk: the simulator: the agent's own objects over port/sim, with a
# source of its own beside SQLite, and the suites that run in it.

SEEDS ?= 10000
SIM_SRC := $(wildcard tests/sim/*.c)
# and the reader of Parquet files, and the port contract's checks
SIM_OBJ = $(SIM_SRC:%.c=$(BUILD)/obj/%.o) \
	$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/lib/parquet_reader*.c \
	tests/port/contract*.c))
SIM_PORT := $(wildcard port/sim/*.c) port/linux/crc64.c
SIM_AGENT = $(AGENT_SRC:%.c=$(BUILD)/obj/%.o) \
	$(SIM_PORT:%.c=$(BUILD)/obj/%.o) \
	$(filter-out $(BUILD)/obj/source_list.o,$(LISTS:%=$(BUILD)/obj/%.o))
SIM_WRAP = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free \
	-Wl,--wrap=sqlite3_open_v2

.PHONY: sim sim-bin sim-named torture powercut year
sim-bin: $(BUILD)/sim/sim

sim: sim-bin ## Random faults in a world of our own: SEEDS=n (10000); SEED=x replays
	@$(if $(NAMED),TRACE=1 $(BUILD)/sim/sim named $(NAMED),$(if $(SEED), \
		$(BUILD)/sim/sim seed $(SEED),$(BUILD)/sim/sim seeds $(SEEDS)))

sim-named: sim-bin ## The schedules that stand for a numbered fault
	@$(BUILD)/sim/sim named
	@$(BUILD)/sim/sim contract >$(BUILD)/sim/contract.log || \
		{ cat $(BUILD)/sim/contract.log; exit 1; }

torture: sim-bin ## In that world every call of the port fails, once and for ever
	@$(BUILD)/sim/sim torture $(JOB) $(CALL) $(WAY)

powercut: sim-bin ## There the power goes at every call, and again in recovery
	@$(BUILD)/sim/sim powercut $(JOB) $(CALL) $(WHEN) $(THEN)

year: sim-bin ## 365 days of a daily job there, with ten times the usual faults
	@$(BUILD)/sim/sim year

$(SIM_SRC:%.c=$(BUILD)/obj/%.o): TEST_CFLAGS += -Iport/sim

$(BUILD)/sim/sim: $(SIM_OBJ) $(SIM_AGENT) $(DEP_LIBS)
	@mkdir -p $(@D); echo "  link $@"
	@$(CC) $(LINK_HARDEN) $(LDFLAGS) -o $@ $(SIM_WRAP) -Wl,--start-group \
		$(SIM_OBJ) $(SIM_AGENT) $(LIBS) -Wl,--end-group
