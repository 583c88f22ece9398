/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/control_server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "src/base/error.h"
#include "src/run/message.h"

struct zt_control_client {
    int fd;
    unsigned int slot;
    uint32_t events;
    struct zt_control_peer peer;
    struct zt_message_reader in;
    struct zt_text out;
    size_t out_done;
    /* No more is read; the connection closes when what is to be said has been said. */
    bool closing;
    /* The message that waits for its answer, in `in`, where nothing is read into meanwhile; NULL. Since when, ms. */
    const char *waiting;
    size_t waiting_length;
    uint64_t waiting_since;
};

static uint64_t milliseconds_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static size_t unread(const struct zt_control_client *client)
{
    return client->out.length - client->out_done;
}

static void drop_client(struct zt_control_server *server, struct zt_control_client *client)
{
    server->clients[client->slot] = NULL;
    server->waiting -= client->waiting != NULL;
    close(client->fd);
    zt_message_free(&client->in);
    free(client->out.data);
    free(client);
}

/* A socket file that refuses connections belongs to a process that is gone. */
static bool is_stale(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool stale;

    if (fd < 0)
        return false;
    stale = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
            errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int bind_path(struct zt_control_server *server, const char *path, struct zt_failure *failure)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t mask;
    int result;

    strcpy(address.sun_path, path);
    if (is_stale(&address))
        unlink(path);
    /* The file must never be there with a wider mode. */
    mask = umask(0177);
    result = bind(server->fd, (struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (result)
        return zt_fail(failure, ZT_EXIT_FAILED, "control-socket", "%s: %s%s", path, strerror(errno),
                       errno == EADDRINUSE ? " (a process serves it)" : "");
    strcpy(server->path, path);
    if (server->owner != geteuid() && chown(path, server->owner, (gid_t)-1))
        return zt_fail(failure, ZT_EXIT_FAILED, "control-socket",
                       "%s: cannot be given to uid %u: %s", path, server->owner, strerror(errno));
    if (listen(server->fd, SOMAXCONN))
        return zt_fail(failure, ZT_EXIT_FAILED, "control-socket", "%s: %s", path, strerror(errno));
    return 0;
}

int zt_control_open(struct zt_control_server *server, const char *path, uid_t owner,
                    zt_control_handler *handler, void *context, struct zt_failure *failure)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

    *server = (struct zt_control_server){
        .fd = -1,
        .epoll = -1,
        .owner = owner,
        .handler = handler,
        .context = context,
    };
    if (path[0] == '\0' || strlen(path) >= sizeof(server->path))
        return zt_fail(failure, ZT_EXIT_USAGE, "control-socket",
                       "the control socket's path must have 1 to %zu octets",
                       sizeof(server->path) - 1);
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->fd < 0 || server->epoll < 0)
        zt_fail(failure, ZT_EXIT_FAILED, "control-socket", "%s: %s", path, strerror(errno));
    else if (bind_path(server, path, failure) == 0) {
        if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->fd, &event) == 0)
            return 0;
        zt_fail(failure, ZT_EXIT_FAILED, "control-socket", "%s: %s", path, strerror(errno));
    }
    zt_control_close(server, 0);
    return -1;
}

int zt_control_fd(const struct zt_control_server *server)
{
    return server->epoll;
}

static bool may_enter(const struct zt_control_server *server, int fd, struct zt_control_peer *peer)
{
    struct ucred credentials;
    socklen_t size = sizeof(credentials);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size))
        return false;
    peer->uid = credentials.uid;
    return credentials.uid == 0 || credentials.uid == server->owner;
}

static void accept_client(struct zt_control_server *server)
{
    struct zt_control_client *client;
    struct zt_control_peer peer;
    struct epoll_event event = { .events = EPOLLIN };
    unsigned int slot = 0;
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    while (slot < ZT_CONTROL_CLIENTS_MAX && server->clients[slot])
        slot++;
    if (slot == ZT_CONTROL_CLIENTS_MAX || !may_enter(server, fd, &peer)) {
        zt_log("control: a client was turned away: %s", slot == ZT_CONTROL_CLIENTS_MAX
                                                            ? "too many are connected"
                                                            : "it is neither root nor the owner");
        close(fd);
        return;
    }
    client = zt_calloc(1, sizeof(*client));
    client->fd = fd;
    client->slot = slot;
    client->peer = peer;
    client->events = event.events;
    event.data.ptr = client;
    server->clients[slot] = client;
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event))
        drop_client(server, client);
}

/* False when the connection is lost. */
static bool write_out(struct zt_control_client *client)
{
    while (unread(client) > 0) {
        ssize_t count = send(client->fd, client->out.data + client->out_done, unread(client),
                             MSG_NOSIGNAL | MSG_DONTWAIT);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno == EAGAIN;
        client->out_done += (size_t)count;
    }
    free(client->out.data);
    client->out = (struct zt_text){ 0 };
    client->out_done = 0;
    return true;
}

static void answer(struct zt_control_server *server, struct zt_control_client *client,
                   const char *message, size_t length)
{
    static const char no_length[ZT_MESSAGE_HEADER];
    struct zt_text *out = &client->out;
    size_t start = out->length;
    size_t size;

    zt_text_append(out, no_length, sizeof(no_length));
    switch (server->handler(server->context, &client->peer, message, length, out)) {
    case ZT_CONTROL_KEEP:
        break;
    case ZT_CONTROL_CLOSE:
        client->closing = true;
        break;
    case ZT_CONTROL_WAIT:
        out->length = start;
        client->waiting = message;
        client->waiting_length = length;
        server->waiting++;
        return;
    }
    size = out->length - start - ZT_MESSAGE_HEADER;
    if (size == 0) {
        out->length = start;
        return;
    }
    for (int i = 0; i < ZT_MESSAGE_HEADER; i++)
        out->data[start + (size_t)i] = (char)(size >> (24 - 8 * i));
}

/*
 * Answers the messages that are complete and writes what the peer takes, until one of both is used up. False when the
 * connection is to be dropped at once.
 */
static bool answer_all(struct zt_control_server *server, struct zt_control_client *client)
{
    const char *message;
    size_t length;

    while (!client->closing && !client->waiting && unread(client) <= ZT_CONTROL_UNREAD_PAUSE) {
        enum zt_message_state state = zt_message_next(&client->in, &message, &length);

        if (state == ZT_MESSAGE_TOO_LONG) {
            zt_log("control: a client announced a message above the limit and was cut off");
            return false;
        }
        if (state == ZT_MESSAGE_INCOMPLETE)
            break;
        client->peer.waited = 0;
        client->waiting_since = milliseconds_now();
        answer(server, client, message, length);
        if (!write_out(client) || unread(client) > ZT_CONTROL_UNREAD_MAX)
            return false;
    }
    return true;
}

/* False when the connection is lost. */
static bool read_in(struct zt_control_client *client)
{
    size_t room;
    uint8_t *at = zt_message_room(&client->in, &room);
    ssize_t count = recv(client->fd, at, room, MSG_DONTWAIT);

    if (count < 0)
        return errno == EAGAIN || errno == EINTR;
    zt_message_received(&client->in, (size_t)count);
    /* The peer says no more, and may still listen. */
    if (count == 0)
        client->closing = true;
    return true;
}

static uint32_t wanted_events(const struct zt_control_client *client)
{
    uint32_t events = 0;

    if (!client->closing && !client->waiting && unread(client) <= ZT_CONTROL_UNREAD_PAUSE)
        events |= EPOLLIN;
    if (unread(client) > 0)
        events |= EPOLLOUT;
    return events;
}

/* Goes on with what a client has asked, and then waits for what it may do next. */
static void go_on(struct zt_control_server *server, struct zt_control_client *client, bool alive)
{
    alive = alive && answer_all(server, client);
    if (!alive || (client->closing && unread(client) == 0)) {
        drop_client(server, client);
        return;
    }
    if (wanted_events(client) != client->events) {
        struct epoll_event event = { .events = wanted_events(client), .data.ptr = client };

        epoll_ctl(server->epoll, EPOLL_CTL_MOD, client->fd, &event);
        client->events = event.events;
    }
}

static void serve_client(struct zt_control_server *server, struct zt_control_client *client,
                         uint32_t events)
{
    bool alive = write_out(client);

    if (events & wanted_events(client) & EPOLLIN)
        alive = alive && read_in(client);
    else if (events & (EPOLLERR | EPOLLHUP))
        alive = false;
    go_on(server, client, alive);
}

void zt_control_resume(struct zt_control_server *server)
{
    for (unsigned int slot = 0; slot < ZT_CONTROL_CLIENTS_MAX; slot++) {
        struct zt_control_client *client = server->clients[slot];
        const char *message;

        if (!client || !client->waiting)
            continue;
        message = client->waiting;
        client->waiting = NULL;
        server->waiting--;
        client->peer.waited = milliseconds_now() - client->waiting_since;
        answer(server, client, message, client->waiting_length);
        if (!client->waiting)
            go_on(server, client, write_out(client));
    }
}

void zt_control_serve(struct zt_control_server *server)
{
    struct epoll_event events[ZT_CONTROL_CLIENTS_MAX];
    int count = epoll_wait(server->epoll, events, ZT_CONTROL_CLIENTS_MAX, 0);

    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr)
            serve_client(server, events[i].data.ptr, events[i].events);
        else
            accept_client(server);
    }
}

void zt_control_close(struct zt_control_server *server, int milliseconds)
{
    for (unsigned int slot = 0; slot < ZT_CONTROL_CLIENTS_MAX; slot++) {
        struct zt_control_client *client = server->clients[slot];
        struct pollfd wait = { .events = POLLOUT };

        if (!client)
            continue;
        wait.fd = client->fd;
        while (write_out(client) && unread(client) > 0 && milliseconds > 0) {
            poll(&wait, 1, 1);
            milliseconds--;
        }
        drop_client(server, client);
    }
    if (server->epoll >= 0)
        close(server->epoll);
    if (server->fd >= 0)
        close(server->fd);
    if (server->path[0] != '\0')
        unlink(server->path);
    server->epoll = server->fd = -1;
    server->path[0] = '\0';
}
