/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/machine/mutant.h"
#include "zt_port.skel.h"

/* What libbpf complained of first: its return value alone does not say what was wrong. */
static char complaint[384];

static int keep_complaint(enum libbpf_print_level level, const char *format, va_list arguments)
{
    if (level == LIBBPF_WARN && complaint[0] == '\0') {
        vsnprintf(complaint, sizeof(complaint), format, arguments);
        complaint[strcspn(complaint, "\n")] = '\0';
    }
    return 0;
}

static int map_states(struct zt_xdp *xdp, struct zt_failure *failure)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (size_t)xdp->room * sizeof(*xdp->states);

    xdp->states_size = (size + page - 1) / page * page;
    xdp->states = mmap(NULL, xdp->states_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                       bpf_map__fd(xdp->skeleton->maps.zt_port_states), 0);
    if (xdp->states == MAP_FAILED) {
        xdp->states = NULL;
        return zt_fail(failure, ZT_EXIT_FAILED, "xdp-load",
                       "the XDP program's state could not be mapped: %s", strerror(errno));
    }
    return 0;
}

int zt_xdp_load(struct zt_xdp *xdp, uint32_t index_max, uint32_t more, bool stamp,
                uint32_t addresses, struct zt_failure *failure)
{
    int error;

    memset(xdp, 0, sizeof(*xdp));
    xdp->index_max = index_max;
    xdp->room = index_max + more + 1;
    complaint[0] = '\0';
    libbpf_set_print(keep_complaint);
    xdp->skeleton = zt_port_bpf__open();
    if (!xdp->skeleton)
        return zt_fail(failure, ZT_EXIT_FAILED, "xdp-load", "the XDP program could not be read: %s",
                       complaint);
    xdp->skeleton->rodata->zt_port_stamp = stamp;
    error = bpf_map__set_max_entries(xdp->skeleton->maps.zt_port_sockets, xdp->room);
    if (!error)
        error = bpf_map__set_max_entries(xdp->skeleton->maps.zt_port_states, xdp->room);
    if (!error && addresses > 0)
        error = bpf_map__set_max_entries(xdp->skeleton->maps.zt_port_addresses, addresses);
    if (!error)
        error = zt_port_bpf__load(xdp->skeleton);
    if (error) {
        zt_xdp_close(xdp);
        return zt_fail(failure, ZT_EXIT_FAILED, "xdp-load",
                       "the kernel refused the XDP program: %s: %s (CAP_BPF, CAP_NET_ADMIN and "
                       "Linux 5.18 or later "
                       "are needed)",
                       strerror(-error), complaint);
    }
    if (map_states(xdp, failure)) {
        zt_xdp_close(xdp);
        return -1;
    }
    return 0;
}

/* Receive queues in use; 0 if the device does not say, and then it has one. */
static unsigned int receive_queues(const char *ifname)
{
    struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
    struct ifreq request = { .ifr_data = (char *)&channels };
    unsigned int queues = 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return 0;
    strncpy(request.ifr_name, ifname, IFNAMSIZ - 1);
    if (ioctl(fd, SIOCETHTOOL, &request) == 0)
        queues = channels.rx_count + channels.combined_count;
    close(fd);
    return queues;
}

int zt_xdp_check(const char *ifname, uint32_t *index, struct zt_failure *failure)
{
    unsigned int queues;

    *index = if_nametoindex(ifname);
    if (*index == 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "port-missing",
                       "there is no device %s in this network namespace", ifname);
    if (*index > ZT_XDP_INDEX_MAX)
        return zt_fail(failure, ZT_EXIT_LIMIT, "port-index",
                       "%s has interface index %u; up to %u are served", ifname, *index,
                       ZT_XDP_INDEX_MAX);
    queues = receive_queues(ifname);
    if (queues > 1)
        return zt_fail(failure, ZT_EXIT_LIMIT, "port-queues",
                       "%s has %u receive queues and one is served; run: ethtool -L %s rx 1",
                       ifname, queues, ifname);
    return 0;
}

int zt_xdp_attach(struct zt_xdp *xdp, const char *ifname, uint32_t index, enum zt_xdp_mode *mode,
                  struct zt_failure *failure)
{
    int fd = bpf_program__fd(xdp->skeleton->progs.zt_port);
    int native_error, generic_error;

    native_error = bpf_xdp_attach((int)index, fd, XDP_FLAGS_DRV_MODE, NULL);
    *mode = ZT_XDP_NATIVE;
    if (native_error == 0)
        return 0;
    generic_error = bpf_xdp_attach((int)index, fd, XDP_FLAGS_SKB_MODE, NULL);
    if (generic_error)
        return zt_fail(failure, ZT_EXIT_FAILED, "xdp-attach",
                       "%s takes no XDP program: native: %s, generic: %s", ifname,
                       strerror(-native_error), strerror(-generic_error));
    *mode = ZT_XDP_GENERIC;
    zt_log("%s: XDP runs in generic mode (native: %s)", ifname, strerror(-native_error));
    return 0;
}

int zt_xdp_bind(struct zt_xdp *xdp, uint32_t index, int socket, struct zt_failure *failure)
{
    if (ZT_MUTANT(socket_not_bound) && index == xdp->index_max)
        return 0;
    if (bpf_map_update_elem(bpf_map__fd(xdp->skeleton->maps.zt_port_sockets), &index, &socket,
                            BPF_ANY))
        return zt_fail(failure, ZT_EXIT_FAILED, "xdp-bind",
                       "the XSKMAP took no socket for interface index %u: %s", index,
                       strerror(errno));
    return 0;
}

int zt_xdp_capture_ring(struct zt_xdp *xdp, int ring, struct zt_failure *failure)
{
    uint32_t zero = 0;

    if (bpf_map_update_elem(bpf_map__fd(xdp->skeleton->maps.zt_port_captures), &zero, &ring,
                            BPF_ANY))
        return zt_fail(failure, ZT_EXIT_FAILED, "capture-ring", "the capture ring was refused: %s",
                       strerror(errno));
    return 0;
}

void zt_xdp_detach(uint32_t index, enum zt_xdp_mode mode)
{
    bpf_xdp_detach((int)index, mode == ZT_XDP_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE,
                   NULL);
}

void zt_xdp_close(struct zt_xdp *xdp)
{
    if (xdp->states)
        munmap(xdp->states, xdp->states_size);
    xdp->states = NULL;
    if (xdp->skeleton)
        zt_port_bpf__destroy(xdp->skeleton);
    xdp->skeleton = NULL;
}
