# What the probe shares with the engine on a host.
RUN_SHARED_BY_PROBE := $(addprefix src/run/,arguments.c control_server.c failure.c members.c message.c operations.c request.c stats_file.c xdp.c xsk.c)
