/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server of the control protocol (contract/control.ts): a Unix stream socket, mode 0600, each message a u32 big-endian
 * length and that many octets. Peers are root or the owner, and are hostile all the same: every length is checked, no client
 * can hold up another or make the process hold more than the limits below.
 */
#ifndef ZTOS_RUN_CONTROL_SERVER_H
#define ZTOS_RUN_CONTROL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/base/text.h"
#include "src/run/failure.h"

#define ZT_CONTROL_CLIENTS_MAX 32
/* Answers that a client has not fetched: above the first its requests wait, above the second it is cut off. */
#define ZT_CONTROL_UNREAD_PAUSE (1u << 20)
#define ZT_CONTROL_UNREAD_MAX (48u << 20)

struct zt_control_peer {
    uid_t uid;
    /* ms since the message at hand was first handled: 0, or what it has waited. */
    uint64_t waited;
};

/*
 * What becomes of the connection after an answer. WAIT: there is none yet, and nothing was written; the same message is handled
 * again by zt_control_resume(), and those behind it on its connection wait.
 */
enum zt_control_next { ZT_CONTROL_KEEP, ZT_CONTROL_CLOSE, ZT_CONTROL_WAIT };

/*
 * Handles one message and appends the answer's JSON, if there is one, to `answer`.
 */
typedef enum zt_control_next zt_control_handler(void *context, const struct zt_control_peer *peer,
                                                const char *message, size_t length,
                                                struct zt_text *answer);

struct zt_control_client;

struct zt_control_server {
    char path[108];
    int fd;
    int epoll;
    uid_t owner;
    zt_control_handler *handler;
    void *context;
    struct zt_control_client *clients[ZT_CONTROL_CLIENTS_MAX];
    /* Clients whose message waits. */
    unsigned int waiting;
};

/*
 * Listens at `path`, where a socket that nobody listens on any more is replaced. Clients of uid `owner` and root are served.
 */
int zt_control_open(struct zt_control_server *server, const char *path, uid_t owner,
                    zt_control_handler *handler, void *context, struct zt_failure *failure);

/* A descriptor that is readable when zt_control_serve() has something to do. */
int zt_control_fd(const struct zt_control_server *server);
/* Accepts, reads, answers and writes what can be done without waiting. */
void zt_control_serve(struct zt_control_server *server);

/* Handles again what waits. */
void zt_control_resume(struct zt_control_server *server);

/* Writes out answers, for at most `milliseconds`, closes everything and removes the socket. */
void zt_control_close(struct zt_control_server *server, int milliseconds);

#endif
