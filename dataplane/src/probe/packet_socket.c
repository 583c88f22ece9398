/* SPDX-License-Identifier: Apache-2.0 */
#include "src/probe/packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ztos/ethernet.h"

#define RECEIVE_BUFFER (4 << 20)
/* A veth whose queue is full drops; a retry sends the frame again. */
#define SEND_TRIES 64

static int set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

int zt_packet_open(const char *ifname, bool receive, struct zt_failure *failure)
{
    struct sockaddr_ll address = { .sll_family = AF_PACKET };
    int fd;

    address.sll_ifindex = (int)if_nametoindex(ifname);
    if (address.sll_ifindex == 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "port-missing",
                       "there is no device %s in this network namespace", ifname);
    address.sll_protocol = receive ? htons(ETH_P_ALL) : 0;
    /* Protocol 0 until it is bound: nothing of other devices is ever received. */
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && set(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1) == 0 &&
        (!receive || (set(fd, SOL_PACKET, PACKET_AUXDATA, 1) == 0 &&
                      set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) == 0 &&
                      set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) == 0)) &&
        bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        if (receive && set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER))
            zt_log("%s: receive buffer stays at the host's default: %s", ifname, strerror(errno));
        return fd;
    }
    zt_fail(failure, ZT_EXIT_FAILED, "packet-socket", "%s: no AF_PACKET socket: %s%s", ifname,
            strerror(errno), errno == EPERM ? " (CAP_NET_RAW is needed)" : "");
    if (fd >= 0)
        close(fd);
    return -1;
}

bool zt_packet_send(int fd, const uint8_t *frame, size_t length)
{
    for (int tries = 0; tries < SEND_TRIES; tries++) {
        if (send(fd, frame, length, MSG_DONTWAIT) == (ssize_t)length)
            return true;
        if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
            return false;
        sched_yield();
    }
    return false;
}

static uint64_t nanoseconds(struct timespec time)
{
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* The kernel stamps packets with CLOCK_REALTIME: how long ago is what counts. */
static uint64_t to_monotonic(struct timespec stamp)
{
    struct timespec real, monotonic;
    uint64_t age;

    clock_gettime(CLOCK_REALTIME, &real);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    age = nanoseconds(real) - nanoseconds(stamp);
    return nanoseconds(monotonic) - (nanoseconds(stamp) == 0 || age > 1000000000u ? 0 : age);
}

static size_t insert_tag(uint8_t *frame, size_t length, size_t size,
                         const struct tpacket_auxdata *data)
{
    uint16_t type =
        data->tp_status & TP_STATUS_VLAN_TPID_VALID ? data->tp_vlan_tpid : ZT_ETHERTYPE_VLAN;

    if (length < ZT_ETH_TYPE || length + 4 > size)
        return length;
    memmove(frame + ZT_ETH_TYPE + 4, frame + ZT_ETH_TYPE, length - ZT_ETH_TYPE);
    zt_store_u16(frame + ZT_ETH_TYPE, type);
    zt_store_u16(frame + ZT_ETH_TYPE + 2, data->tp_vlan_tci);
    return length + 4;
}

size_t zt_packet_receive(int fd, uint8_t *frame, size_t size, uint64_t *at)
{
    _Alignas(struct cmsghdr) uint8_t control[256];
    struct iovec vector = { .iov_base = frame, .iov_len = size };
    struct msghdr message = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof(control),
    };
    ssize_t received = recvmsg(fd, &message, MSG_DONTWAIT);
    struct timespec stamp = { 0 };
    size_t length;

    if (received <= 0)
        return 0;
    length = (size_t)received;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
            memcpy(&stamp, CMSG_DATA(part), sizeof(stamp));
        } else if (part->cmsg_level == SOL_PACKET && part->cmsg_type == PACKET_AUXDATA) {
            struct tpacket_auxdata data;

            memcpy(&data, CMSG_DATA(part), sizeof(data));
            if (data.tp_status & TP_STATUS_VLAN_VALID)
                length = insert_tag(frame, length, size, &data);
        }
    }
    *at = to_monotonic(stamp);
    return length;
}

uint64_t zt_packet_dropped(int fd)
{
    struct tpacket_stats statistics = { 0 };
    socklen_t size = sizeof(statistics);

    if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &size))
        return 0;
    return statistics.tp_drops;
}
