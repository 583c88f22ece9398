/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/operstate.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

/* The answer to a request with NLM_F_ACK: an errno, 0 for success. The kernel has it ready when send() returns. */
static int read_answer(int fd)
{
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        uint8_t quoted[256];
    } answer;
    ssize_t length = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);

    if (length < 0)
        return errno;
    if ((size_t)length < sizeof(answer.header) + sizeof(answer.error) ||
        answer.header.nlmsg_type != NLMSG_ERROR)
        return EPROTO;
    return -answer.error.error;
}

int zt_operstate_set(uint32_t ifindex, bool up)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
        struct rtattr attribute;
        uint8_t state, padding[3];
    } request = {
        .header = { .nlmsg_len = sizeof(request),
                    .nlmsg_type = RTM_SETLINK,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
        .info = { .ifi_index = (int)ifindex },
        .attribute = { .rta_len = RTA_LENGTH(1), .rta_type = IFLA_OPERSTATE },
        .state = up ? IF_OPER_UP : IF_OPER_DORMANT,
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int error = fd < 0 || send(fd, &request, sizeof(request), 0) < 0 ? errno : read_answer(fd);

    if (fd >= 0)
        close(fd);
    return error;
}
