/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/link_set.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

/* RTM_SETLINK, with room for one attribute of an octet. */
struct request {
    struct nlmsghdr header;
    struct ifinfomsg info;
    struct rtattr attribute;
    uint8_t value, padding[3];
};

static struct request make(uint32_t ifindex, uint32_t length)
{
    return (struct request){ .header = { .nlmsg_len = length,
                                         .nlmsg_type = RTM_SETLINK,
                                         .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
                             .info = { .ifi_index = (int)ifindex } };
}

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

static int carry_out(const struct request *request)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int error =
        fd < 0 || send(fd, request, request->header.nlmsg_len, 0) < 0 ? errno : read_answer(fd);

    if (fd >= 0)
        close(fd);
    return error;
}

int zt_link_set_operstate(uint32_t ifindex, bool up)
{
    struct request request = make(ifindex, sizeof(request));

    request.attribute = (struct rtattr){ .rta_len = RTA_LENGTH(1), .rta_type = IFLA_OPERSTATE };
    request.value = up ? IF_OPER_UP : IF_OPER_DORMANT;
    return carry_out(&request);
}

int zt_link_set_up(uint32_t ifindex, bool up)
{
    struct request request = make(ifindex, NLMSG_LENGTH(sizeof(struct ifinfomsg)));

    request.info.ifi_change = IFF_UP;
    request.info.ifi_flags = up ? IFF_UP : 0;
    return carry_out(&request);
}
