# Sources that fuzz targets call: no kernel libraries behind them.
FUZZ_RUN_SOURCES := src/run/failure.c src/run/message.c src/run/netlink.c src/run/netlink_route.c \
    src/run/request.c src/run/routes.c \
    src/run/members.c src/wire/config.c src/wire/flight.c
