# What the wire node shares with probe and engine.
SHARED_BY_WIRE := $(addprefix src/run/,arguments.c control_server.c failure.c link_set.c members.c message.c netlink.c netlink_route.c operations.c request.c xdp.c xsk.c)
