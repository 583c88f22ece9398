/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/pass.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "src/machine/mutant.h"
#include "zt_port.skel.h"

/* The filter's place on the device's clsact: ours alone. */
#define FILTER_HANDLE 1
#define FILTER_PRIORITY 1

int zt_pass_attach(struct zt_xdp *xdp, const char *ifname, uint32_t index,
                   struct zt_failure *failure)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)index, .attach_point = BPF_TC_INGRESS);
    LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
                .flags = BPF_TC_F_REPLACE,
                .prog_fd = bpf_program__fd(xdp->skeleton->progs.zt_port_passed));
    int error = bpf_tc_hook_create(&hook);

    /* Whoever seals the device has a clsact there already. */
    if (!error || error == -EEXIST)
        error = bpf_tc_attach(&hook, &filter);
    if (error)
        return zt_fail(failure, ZT_EXIT_FAILED, "pass-attach",
                       "%s takes no filter behind XDP, so that its port cannot punt by XDP: %s; "
                       "leave `punt` out of the program",
                       ifname, strerror(-error));
    return 0;
}

void zt_pass_detach(uint32_t index)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)index, .attach_point = BPF_TC_INGRESS);
    LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

    bpf_tc_detach(&hook, &filter);
}

static struct zt_pass_address key_of(const struct zt_own_address *own)
{
    struct zt_pass_address key = { .octets = { [10] = 0xff, [11] = 0xff } };

    if (own->family == 4)
        memcpy(key.octets + 12, own->octets, 4);
    else
        memcpy(key.octets, own->octets, sizeof(key.octets));
    return key;
}

static int forget_addresses(int map)
{
    struct zt_pass_address key;

    while (bpf_map_get_next_key(map, NULL, &key) == 0)
        if (bpf_map_delete_elem(map, &key))
            return -1;
    return errno == ENOENT ? 0 : -1;
}

int zt_pass_addresses(struct zt_xdp *xdp, const struct zt_machine *machine,
                      struct zt_failure *failure)
{
    int map = bpf_map__fd(xdp->skeleton->maps.zt_port_addresses);
    bool kept = forget_addresses(map) == 0;

    for (uint32_t i = 0; kept && i < zt_machine_own_addresses(machine); i++) {
        struct zt_own_address own = zt_machine_own_address(machine, i);
        struct zt_pass_address key = key_of(&own);
        uint32_t flags = ZT_PASS_OWN;

        if (own.kernel)
            flags |=
                ZT_PASS_ICMP | (own.family == 4 && !ZT_MUTANT(arp_not_passed) ? ZT_PASS_ARP : 0u);
        kept = bpf_map_update_elem(map, &key, &flags, BPF_ANY) == 0;
        /* The far end of the link as well. */
        key.octets[15] ^= 1;
        if (kept && ZT_MUTANT(passed_for_others))
            bpf_map_update_elem(map, &key, &flags, BPF_NOEXIST);
    }
    if (!kept)
        return zt_fail(failure, ZT_EXIT_FAILED, "pass-addresses",
                       "the XDP program did not take the node's own addresses: %s",
                       strerror(errno));
    return 0;
}

void zt_pass_start(struct zt_xdp *xdp, uint32_t index, uint32_t tap_index,
                   const struct zt_port_info *info)
{
    struct zt_port_state *state = &xdp->states[index];

    memcpy(state->pass_mac, info->mac, sizeof(state->pass_mac));
    state->pass_mtu = (uint16_t)info->mtu;
    __atomic_store_n(&state->pass_to, tap_index, __ATOMIC_RELEASE);
}

void zt_pass_stop(struct zt_xdp *xdp, uint32_t index)
{
    __atomic_store_n(&xdp->states[index].pass_to, 0u, __ATOMIC_RELEASE);
}
