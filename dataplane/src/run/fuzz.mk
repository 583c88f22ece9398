# Sources that fuzz targets call: no kernel libraries behind them.
FUZZ_RUN_SOURCES := src/run/message.c src/run/request.c
