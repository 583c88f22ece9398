/* SPDX-License-Identifier: Apache-2.0 */
#include "src/netns/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODULES "/proc/modules"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif

/* With room for what a later kernel says besides. */
union request {
    struct seccomp_notif said;
    uint8_t room[512];
};
union answer {
    struct seccomp_notif_resp said;
    uint8_t room[512];
};

/* Sends every openat(2) to whoever holds the file descriptor that is returned; -1 with errno. */
static int listen_to_opens(void)
{
    struct sock_filter lines[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { sizeof(lines) / sizeof(lines[0]), lines };

    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &filter);
}

static bool asks_for_modules(const struct seccomp_notif *request)
{
    char path[sizeof(MODULES)] = "";
    struct iovec here = { path, sizeof(path) };
    struct iovec there = { (void *)(uintptr_t)request->data.args[1], sizeof(path) };

    /* A shorter name at the end of a page is read in part: it is another one. */
    return process_vm_readv((pid_t)request->pid, &here, 1, &there, 1, 0) == sizeof(path) &&
           memcmp(path, MODULES, sizeof(path)) == 0;
}

/* One that has gone away meanwhile wants no answer: errors are none of ours. */
static void answer(int listener, const struct seccomp_notif *request, int empty)
{
    union answer go_on = { .said = { .id = request->id,
                                     .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE } };
    struct seccomp_notif_addfd file = {
        .id = request->id,
        .flags = SECCOMP_ADDFD_FLAG_SEND,
        .srcfd = (uint32_t)empty,
        .newfd_flags = (uint32_t)request->data.args[2] & O_CLOEXEC,
    };

    if (asks_for_modules(request))
        (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &file);
    else
        (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &go_on);
}

static void serve(int listener, int empty)
{
    struct pollfd wanted = { .fd = listener, .events = POLLIN };
    union request request;

    for (;;) {
        if (poll(&wanted, 1, -1) < 0)
            continue;
        /* Nobody is left who could ask. */
        if ((wanted.revents & POLLIN) == 0)
            return;
        memset(&request, 0, sizeof(request));
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request.said) == 0)
            answer(listener, &request.said, empty);
    }
}

static int send_descriptor(int to, int fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS } };
    struct iovec octet = { "", 1 };
    struct msghdr message = { .msg_iov = &octet,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control.room) };

    memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    return sendmsg(to, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* -1 when the other end is closed without having sent any. */
static int received_descriptor(int from)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    char octet;
    struct iovec into = { &octet, 1 };
    struct msghdr message = { .msg_iov = &into,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof(control.room) };
    const struct cmsghdr *first;
    int fd;

    if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1)
        return -1;
    first = CMSG_FIRSTHDR(&message);
    if (first == NULL || first->cmsg_type != SCM_RIGHTS)
        return -1;
    memcpy(&fd, CMSG_DATA(first), sizeof(fd));
    return fd;
}

/* In a process of its own: signals of a terminal are not for it, and it holds no file of others, the pipes of a caller least of all. */
static _Noreturn void live_beside(int door)
{
    int listener, empty;

    (void)setsid();
    (void)!chdir("/");
    empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
    listener = received_descriptor(door);
    if (empty < 0 || listener < 0)
        _exit(ZT_EXIT_FAILED);
    /* 0 and 1 are free to be closed. */
    empty = dup3(empty, 1, O_CLOEXEC) < 0 ? -1 : 1;
    listener = dup3(listener, 0, O_CLOEXEC) < 0 ? -1 : 0;
    (void)close_range(2, ~0U, 0);
    if (empty == 1 && listener == 0)
        serve(listener, empty);
    _exit(ZT_EXIT_OK);
}

static int failed(const char *what, struct zt_failure *failure)
{
    return zt_fail(failure, ZT_EXIT_FAILED, "modules", "an empty " MODULES ": %s: %s", what,
                   strerror(errno));
}

int zt_modules_empty(struct zt_failure *failure)
{
    int doors[2], listener, status;
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, doors))
        return failed("socketpair", failure);
    child = fork();
    if (child < 0)
        return failed("fork", failure);
    if (child == 0) {
        close(doors[0]);
        /* Nobody's child: what this process becomes is to find none but its own. */
        if (fork() == 0)
            live_beside(doors[1]);
        _exit(ZT_EXIT_OK);
    }
    close(doors[1]);
    if (waitpid(child, &status, 0) < 0)
        return failed("waitpid", failure);
    listener = listen_to_opens();
    if (listener < 0)
        return failed("seccomp (CAP_SYS_ADMIN is needed, and Linux 5.14)", failure);
    if (send_descriptor(doors[0], listener))
        return failed("sendmsg", failure);
    close(listener);
    close(doors[0]);
    return 0;
}
