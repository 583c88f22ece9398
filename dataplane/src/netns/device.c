/* SPDX-License-Identifier: Apache-2.0 */
#include "src/netns/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A request about a device. A name that is too long would be another's when cut short. */
static int named(struct ifreq *request, const char *name, struct zt_failure *failure)
{
    size_t length = strlen(name);

    memset(request, 0, sizeof(*request));
    if (length == 0 || length >= IFNAMSIZ)
        return zt_fail(failure, ZT_EXIT_USAGE, "device",
                       "'%.64s' is no name of a device: those have 1 to %d octets", name,
                       IFNAMSIZ - 1);
    memcpy(request->ifr_name, name, length);
    return 0;
}

static int failed(const char *name, const char *what, int error, struct zt_failure *failure)
{
    return zt_fail(failure, ZT_EXIT_FAILED, "device", "device %s %s: %s", name, what,
                   strerror(error));
}

/* Asks the kernel by any socket of the namespace. Returns 0 or errno. */
static int ask(unsigned long what, struct ifreq *request)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

    if (fd < 0)
        return errno;
    error = ioctl(fd, what, request) ? errno : 0;
    close(fd);
    return error;
}

int zt_device_up(const char *name, struct zt_failure *failure)
{
    struct ifreq request;
    int error;

    if (named(&request, name, failure))
        return -1;
    error = ask(SIOCGIFFLAGS, &request);
    if (!error) {
        request.ifr_flags |= IFF_UP;
        error = ask(SIOCSIFFLAGS, &request);
    }
    return error ? failed(name, "cannot be set up", error, failure) : 0;
}

int zt_device_tap(const char *name, struct zt_failure *failure)
{
    struct ifreq request;
    int fd, error;

    if (named(&request, name, failure))
        return -1;
    /* TUNSETIFF would take one that is there. */
    if (if_nametoindex(name) != 0)
        return failed(name, "cannot be made", EEXIST, failure);
    fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return failed("/dev/net/tun", "cannot be opened", errno, failure);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    error = ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNSETPERSIST, 1) ? errno : 0;
    close(fd);
    return error ? failed(name, "cannot be made", error, failure) : 0;
}

int zt_device_plain(const char *name, struct zt_failure *failure)
{
    struct ethtool_value off = { .cmd = ETHTOOL_STXCSUM, .data = 0 };
    struct ifreq request;
    int error;

    if (named(&request, name, failure))
        return -1;
    request.ifr_data = (char *)&off;
    error = ask(SIOCETHTOOL, &request);
    return error ? failed(name, "keeps its checksum offload", error, failure) : 0;
}
