/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine on a host: the machine between AF_XDP ports, TAPs, the kernel's neighbours, a clock and the control socket.
 * One thread, run to completion: a vector of inputs is gathered, processed, and its effects are carried out before the next.
 */
#ifndef ZTOS_RUN_ENGINE_H
#define ZTOS_RUN_ENGINE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/base/journal.h"
#include "src/run/capture.h"
#include "src/run/control_server.h"
#include "src/run/failure.h"
#include "src/run/handshakes.h"
#include "src/run/neighbours.h"
#include "src/run/netlink.h"
#include "src/run/port.h"
#include "src/run/request.h"
#include "src/run/routes.h"
#include "src/run/stats_file.h"
#include "ztos/machine.h"

/* Inputs of a vector. */
#define ZT_VECTOR_MAX 64u
/* Ports of a node; a frame of each port fits a vector. */
#define ZT_ENGINE_PORTS_MAX 64u
/* Places for them: all may give way to as many others. */
#define ZT_ENGINE_PLACES (2 * ZT_ENGINE_PORTS_MAX)
/* Interface indexes beyond those of the first ports: devices that come later have greater ones, and those of containers count for the whole host. */
#define ZT_ENGINE_INDEX_ROOM 8192u

struct zt_engine_options {
    const char *program;
    const char *control;
    /* These may be NULL. */
    const char *keys;
    const char *journal;
    const char *stats;
    bool cache;
    uid_t owner;
    /* Slots of each AF_XDP ring. */
    uint32_t ring;
    /* Take the XDP programs off the devices at an orderly end. */
    bool detach;
};

struct zt_engine {
    struct zt_engine_options options;
    struct zt_machine *machine;
    struct zt_journal_writer *journal;
    uint64_t journal_octets;
    /* Writing failed: the file ends before this engine does. */
    bool journal_lost;
    struct zt_xdp xdp;
    bool xdp_loaded;
    /* It has a map of the node's own addresses (PUNT-3). */
    bool xdp_addresses;
    struct zt_port *ports;
    /* Places that are or were taken. */
    uint32_t port_count;
    /* Ports without carrier. */
    uint32_t ports_down;
    /* Port index and one by interface id, 0 for none. */
    uint8_t port_by_id[UINT16_MAX + 1];
    /* Where the next vector begins to look. */
    uint32_t next_port;
    struct zt_netlink netlink;
    struct zt_neighbours neighbours;
    struct zt_routes routes;
    /* Routes are to be asked for at the next tick. */
    bool routes_shaken;
    struct zt_control_server control;
    /* `learned`: what its versions begin with, the machine's version for which requests wait, and when the first waits no more
     * (ms of CLOCK_MONOTONIC). */
    uint64_t learned_base, learned_seen, wait_until;
    struct zt_stats_file stats;
    struct zt_captures captures;
    bool captures_watched;
    /* Added to CLOCK_MONOTONIC (CTRL-4), and the last time given to the machine. */
    uint64_t advance, last_now;
    /* WG-4: the offset of the time of day at the last seed; the kernel had no entropy, and it was said. */
    int64_t wall_offset;
    bool unseeded;
    /* Time of the last clock input. */
    uint64_t clocked;
    struct zt_handshakes handshakes;
    int epoll, timer, carrier_timer, signals;
    bool stopping;
    struct {
        struct zt_input inputs[ZT_VECTOR_MAX];
        uint32_t count;
        /* Frames taken from each port's receive ring; of them all, those put aside. */
        uint32_t taken[ZT_ENGINE_PLACES];
        uint32_t aside;
        /* Frames from TAPs lie here. */
        uint8_t punted[ZT_VECTOR_MAX][ZT_XSK_CHUNK];
    } vector;
};

/* ---- engine.c: life */

/* Brings everything up; on failure nothing of it stays but, where it was attached already, the dropping XDP program. */
int zt_engine_open(struct zt_engine *engine, const struct zt_engine_options *options,
                   struct zt_failure *failure);
/* Ends the journal and gives everything up. -1 if something of the journal was lost. */
int zt_engine_close(struct zt_engine *engine, struct zt_failure *failure);

/* CLOCK_MONOTONIC and what it was advanced by; never decreases. */
uint64_t zt_engine_now(struct zt_engine *engine);
struct zt_port *zt_engine_port(struct zt_engine *engine, uint16_t id);
/* Brings the statistics page up to date. */
void zt_engine_publish(struct zt_engine *engine);
/* Asks the kernel what it dropped, too. */
void zt_engine_read_kernel(struct zt_engine *engine);

/* ---- engine_loop.c: what wakes the engine */

int zt_engine_watch(struct zt_engine *engine, struct zt_failure *failure);
/* A port's socket and TAP. */
bool zt_engine_watch_port(struct zt_engine *engine, uint32_t index);
void zt_engine_unwatch_port(struct zt_engine *engine, const struct zt_port *port);
/* Watches the ring of captures once there is one. */
void zt_engine_watch_captures(struct zt_engine *engine);
/* Handles what the kernel has said by netlink. */
void zt_engine_hear_kernel(struct zt_engine *engine);
/* Works until it is told to stop. */
void zt_engine_run(struct zt_engine *engine);

/* ---- engine_vector.c: inputs and effects */

/* Gathers a vector from ports and TAPs, processes it and carries out its effects. False if there was nothing. */
bool zt_engine_step(struct zt_engine *engine);
/* Gives the machine up to `most` of the handshake messages that were put aside. */
void zt_engine_handshakes(struct zt_engine *engine, uint32_t most);
/* One input that is no frame. */
void zt_engine_input(struct zt_engine *engine, enum zt_input_kind kind, uint16_t interface,
                     const uint8_t *data, uint32_t length);
/* CTRL-2, CTRL-3, CTRL-6: a request that changes the machine's state, journalled. False: it is refused, nothing changed. */
bool zt_engine_control(struct zt_engine *engine, const char *message, size_t length,
                       struct zt_error *error);
/* Carries out the effects of something that happened at `now`, and flushes the ports. */
void zt_engine_effects(struct zt_engine *engine, struct zt_effects effects, uint64_t now);

/* ---- engine_time.c: clock and seeds */

/* A clock input: that of each second, and when the machine wants one. */
void zt_engine_clock(struct zt_engine *engine);
/* A clock input if one of the machine's timers is due (WG-30). */
void zt_engine_clock_due(struct zt_engine *engine);
/* ms until then, -1 for never. */
int zt_engine_clock_wait(struct zt_engine *engine);
/* A seed if the machine wants one, so that what was drawn is soon forgotten (WG-4). */
void zt_engine_seed(struct zt_engine *engine);
/* A seed if the time of day was set. */
void zt_engine_follow_wall(struct zt_engine *engine);

/* ---- engine_carrier.c: CTRL-8 */

/* What the kernel says of the carrier of a port's device: an input if it is news, and shown on the TAP. */
void zt_engine_carrier(struct zt_engine *engine, struct zt_port *port, bool up);
/* Frames of a wire that is back do not come before the news that it is: the kernel is asked. */
void zt_engine_hear_carrier(struct zt_engine *engine);
/* Looks after ports whose lost carrier the kernel may be late to tell of, from when there are any. */
int zt_engine_open_carrier(struct zt_engine *engine, struct zt_failure *failure);
void zt_engine_watch_carrier(struct zt_engine *engine, struct zt_port *port, bool late);
void zt_engine_ask_carrier(struct zt_engine *engine);

/* ---- engine_program.c: loading */

/* The first program, checked; it begins the journal. */
int zt_engine_load_first(struct zt_engine *engine, struct zt_failure *failure);
/* Sockets and TAPs of its ports. */
int zt_engine_open_ports(struct zt_engine *engine, struct zt_failure *failure);
/* CTRL-1 in a running engine. On failure nothing changes. */
bool zt_engine_load(struct zt_engine *engine, const char *program, size_t length, const char *keys,
                    struct zt_error *error);
/* CTRL-6, with the keys that its peers and associations name (WG-33, MACSEC-11). */
bool zt_engine_apply(struct zt_engine *engine, const struct zt_request *request,
                     const char *message, size_t length, struct zt_error *error);

/* ---- engine_ports.c: ports of another program (CTRL-1) */

/* Ports would come, or go, or have other devices than before. */
bool zt_engine_changes_ports(const struct zt_engine *engine, const struct zt_machine *machine);
/* Opens those that are not there yet; what comes next is one of the two below. */
int zt_engine_prepare_ports(struct zt_engine *engine, const struct zt_machine *machine,
                            struct zt_failure *failure);
/* The program is loaded for which this was done: closes those that it has not. */
void zt_engine_settle_ports(struct zt_engine *engine);
/* It is not: closes those that were opened for it. */
void zt_engine_forget_ports(struct zt_engine *engine);

/* ---- engine_routes.c: CTRL-7 */

/* The handlers of routes. */
void zt_engine_handle_routes(struct zt_netlink_handler *handler);
/* A program was loaded, which has kernelRoutes or not: what was told is forgotten. */
void zt_engine_restart_routes(struct zt_engine *engine);
/* A link or an address of the node has changed: the kernel does not say what becomes of routes by it. */
void zt_engine_routes_shaken(void *engine);
/* Tells the machine what is new. */
void zt_engine_follow_routes(struct zt_engine *engine);

/* ---- engine_control.c */

/* Answers those requests that wait for what has changed or whose time is over. */
void zt_engine_resume(struct zt_engine *engine);
/* ms until then at most, -1 while none waits. */
int zt_engine_patience(struct zt_engine *engine);

enum zt_control_next zt_engine_answer(void *engine, const struct zt_control_peer *peer,
                                      const char *message, size_t length, struct zt_text *answer);

#endif
