# What it shares with engine and probe.
SHARED_BY_NETNS := src/run/failure.c src/probe/netns.c
