/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int zt_tap_open(const char *ifname, struct zt_failure *failure)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    int fd;

    /* TUNSETIFF would make a missing device, and take it away again, addresses and all, when the process ends. */
    if (if_nametoindex(ifname) == 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "tap-missing",
                       "there is no TAP %s in this network namespace; make it with: ip tuntap add "
                       "dev %s mode tap",
                       ifname, ifname);
    fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "tap-open", "/dev/net/tun: %s", strerror(errno));
    strncpy(request.ifr_name, ifname, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request)) {
        int error = errno;

        close(fd);
        return zt_fail(failure, ZT_EXIT_FAILED, "tap-open", "TAP %s: %s%s", ifname, strerror(error),
                       error == EBUSY    ? " (another process has it)"
                       : error == EINVAL ? " (it is no TAP)"
                                         : "");
    }
    return fd;
}

int zt_tap_set_carrier(int fd, bool up)
{
    int carrier = up;

    return ioctl(fd, TUNSETCARRIER, &carrier) ? errno : 0;
}

size_t zt_tap_read(int fd, uint8_t *frame, size_t size)
{
    ssize_t length;

    do
        length = read(fd, frame, size);
    while (length < 0 && errno == EINTR);
    return length < 0 ? 0 : (size_t)length;
}

bool zt_tap_write(int fd, const uint8_t *frame, size_t length)
{
    ssize_t written;

    do
        written = write(fd, frame, length);
    while (written < 0 && errno == EINTR);
    return written == (ssize_t)length;
}
