/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "src/run/neighbours.h"
#include "src/run/netlink.h"

static struct zt_neighbour_event neighbour;
static struct zt_link_event link_event;
static unsigned int neighbours_told, links_told;

static void on_neighbour(void *context, const struct zt_neighbour_event *event)
{
    (void)context;
    neighbour = *event;
    neighbours_told++;
}

static void on_round(void *context)
{
    (void)context;
}

static void on_link(void *context, const struct zt_link_event *event)
{
    (void)context;
    link_event = *event;
    links_told++;
}

static const struct zt_netlink_handler handler = {
    .neighbour = on_neighbour,
    .neighbours_begin = on_round,
    .neighbours_complete = on_round,
    .link = on_link,
};

/* A datagram in the making. */
static _Alignas(struct nlmsghdr) uint8_t datagram[512];
static uint32_t used;

static void begin(uint16_t type, const void *body, uint32_t length)
{
    struct nlmsghdr *header = (struct nlmsghdr *)datagram;

    memset(datagram, 0, sizeof(datagram));
    header->nlmsg_type = type;
    memcpy(NLMSG_DATA(header), body, length);
    used = NLMSG_SPACE(length);
    header->nlmsg_len = used;
    neighbours_told = links_told = 0;
}

static void attribute(uint16_t type, const void *data, uint32_t length)
{
    struct rtattr *at = (struct rtattr *)(datagram + used);

    at->rta_type = type;
    at->rta_len = (uint16_t)RTA_LENGTH(length);
    memcpy(RTA_DATA(at), data, length);
    used += RTA_SPACE(length);
    ((struct nlmsghdr *)datagram)->nlmsg_len = used;
}

static void tell(uint16_t type, int family, uint16_t nud, const char *address, const uint8_t *mac)
{
    struct ndmsg body = { .ndm_family = (uint8_t)family, .ndm_ifindex = 7, .ndm_state = nud };
    uint8_t octets[16];

    begin(type, &body, sizeof(body));
    if (address) {
        assert_int_equal(inet_pton(family, address, octets), 1);
        attribute(NDA_DST, octets, family == AF_INET ? 4 : 16);
    }
    if (mac)
        attribute(NDA_LLADDR, mac, 6);
    assert_false(zt_netlink_parse(datagram, used, &handler));
}

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
static const uint8_t no_mac[6];

static void test_states_in_which_the_kernel_sends_are_neighbours(void **state)
{
    static const uint16_t usable[] = { NUD_PERMANENT, NUD_NOARP, NUD_REACHABLE,
                                       NUD_STALE,     NUD_DELAY, NUD_PROBE };

    (void)state;
    for (unsigned int i = 0; i < sizeof(usable) / sizeof(usable[0]); i++) {
        tell(RTM_NEWNEIGH, AF_INET, usable[i], "10.0.0.1", mac);
        assert_int_equal(neighbours_told, 1);
        assert_true(neighbour.present);
        assert_int_equal(neighbour.family, 4);
        assert_int_equal(neighbour.ifindex, 7);
        assert_memory_equal(neighbour.mac, mac, 6);
        assert_memory_equal(neighbour.address, "\x0a\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    }
    tell(RTM_NEWNEIGH, AF_INET6, NUD_REACHABLE, "fd00::1", mac);
    assert_int_equal(neighbour.family, 6);
    assert_true(neighbour.present);
}

static void test_others_are_gone(void **state)
{
    (void)state;
    tell(RTM_NEWNEIGH, AF_INET, NUD_INCOMPLETE, "10.0.0.1", NULL);
    assert_int_equal(neighbours_told, 1);
    assert_false(neighbour.present);
    tell(RTM_NEWNEIGH, AF_INET, NUD_FAILED, "10.0.0.1", mac);
    assert_false(neighbour.present);
    assert_memory_equal(neighbour.mac, no_mac, 6);
    tell(RTM_DELNEIGH, AF_INET, NUD_REACHABLE, "10.0.0.1", mac);
    assert_false(neighbour.present);
}

static void test_what_is_no_neighbour_is_not_told(void **state)
{
    struct ndmsg proxy = { .ndm_family = AF_INET,
                           .ndm_flags = NTF_PROXY,
                           .ndm_state = NUD_REACHABLE };

    (void)state;
    tell(RTM_NEWNEIGH, AF_INET, NUD_NOARP, "224.0.0.1", mac);
    assert_int_equal(neighbours_told, 0);
    tell(RTM_NEWNEIGH, AF_INET6, NUD_NOARP, "ff02::1", mac);
    assert_int_equal(neighbours_told, 0);
    tell(RTM_NEWNEIGH, AF_INET, NUD_REACHABLE, NULL, mac);
    assert_int_equal(neighbours_told, 0);
    tell(RTM_NEWNEIGH, AF_BRIDGE, NUD_REACHABLE, NULL, mac);
    assert_int_equal(neighbours_told, 0);
    begin(RTM_NEWNEIGH, &proxy, sizeof(proxy));
    attribute(NDA_DST, "\x0a\0\0\1", 4);
    zt_netlink_parse(datagram, used, &handler);
    assert_int_equal(neighbours_told, 0);
    /* An address of the wrong length. */
    begin(RTM_NEWNEIGH, &(struct ndmsg){ .ndm_family = AF_INET }, sizeof(struct ndmsg));
    attribute(NDA_DST, "\x0a\0\0\1\1", 5);
    zt_netlink_parse(datagram, used, &handler);
    assert_int_equal(neighbours_told, 0);
}

static void test_links_have_a_carrier_when_up_above_and_below(void **state)
{
    struct ifinfomsg body = { .ifi_index = 3, .ifi_flags = IFF_UP | IFF_LOWER_UP };

    (void)state;
    begin(RTM_NEWLINK, &body, sizeof(body));
    zt_netlink_parse(datagram, used, &handler);
    assert_int_equal(links_told, 1);
    assert_true(link_event.ifindex == 3 && link_event.carrier && !link_event.gone);
    body.ifi_flags = IFF_UP;
    begin(RTM_NEWLINK, &body, sizeof(body));
    zt_netlink_parse(datagram, used, &handler);
    assert_false(link_event.carrier);
    body.ifi_flags = IFF_UP | IFF_LOWER_UP;
    begin(RTM_DELLINK, &body, sizeof(body));
    zt_netlink_parse(datagram, used, &handler);
    assert_true(link_event.gone && !link_event.carrier);
}

static void
test_carrier_of_a_veth_is_told_at_once_where_the_indexes_of_its_ends_differ(void **state)
{
    static const struct {
        uint32_t other;
        bool late;
    } cases[] = { { 4, false }, { 3, true }, { 0, true } };
    struct ifinfomsg body = { .ifi_index = 3, .ifi_flags = IFF_UP | IFF_LOWER_UP };

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        begin(RTM_NEWLINK, &body, sizeof(body));
        attribute(IFLA_LINK, &cases[i].other, sizeof(cases[i].other));
        zt_netlink_parse(datagram, used, &handler);
        assert_int_equal(link_event.late, cases[i].late);
    }
    begin(RTM_NEWLINK, &body, sizeof(body));
    attribute(IFLA_LINK, "\4", 1);
    zt_netlink_parse(datagram, used, &handler);
    assert_true(link_event.late);
    begin(RTM_NEWLINK, &body, sizeof(body));
    zt_netlink_parse(datagram, used, &handler);
    assert_true(link_event.late && link_event.carrier);
}

static void link_with_xdp(uint16_t type, uint8_t attached)
{
    struct ifinfomsg body = { .ifi_index = 3 };
    struct rtattr inner[2] = { { .rta_type = IFLA_XDP_ATTACHED, .rta_len = RTA_LENGTH(1) } };

    memcpy(RTA_DATA(inner), &attached, 1);
    begin(type, &body, sizeof(body));
    attribute(IFLA_IFNAME, "e", 2);
    attribute(IFLA_XDP | NLA_F_NESTED, inner, RTA_SPACE(1));
    zt_netlink_parse(datagram, used, &handler);
}

static void
test_link_is_open_only_when_the_kernel_says_that_no_xdp_program_is_attached(void **state)
{
    struct ifinfomsg body = { .ifi_index = 3 };

    (void)state;
    link_with_xdp(RTM_NEWLINK, XDP_ATTACHED_NONE);
    assert_true(link_event.open);
    link_with_xdp(RTM_NEWLINK, XDP_ATTACHED_DRV);
    assert_false(link_event.open);
    link_with_xdp(RTM_DELLINK, XDP_ATTACHED_NONE);
    assert_false(link_event.open);
    begin(RTM_NEWLINK, &body, sizeof(body));
    zt_netlink_parse(datagram, used, &handler);
    assert_false(link_event.open);
}

static void test_cut_off_datagrams_are_read_as_far_as_they_go(void **state)
{
    (void)state;
    tell(RTM_NEWNEIGH, AF_INET6, NUD_REACHABLE, "fd00::1", mac);
    for (uint32_t length = 0; length < used; length++) {
        neighbours_told = 0;
        zt_netlink_parse(datagram, length, &handler);
        assert_int_equal(neighbours_told, 0);
    }
    /* A header that says less than a neighbour needs, and attributes that say more than there is. */
    for (uint32_t length = 0; length < used; length++) {
        ((struct nlmsghdr *)datagram)->nlmsg_len = length;
        zt_netlink_parse(datagram, used, &handler);
    }
    ((struct nlmsghdr *)datagram)->nlmsg_len = used;
    ((struct rtattr *)(datagram + NLMSG_SPACE(sizeof(struct ndmsg))))->rta_len = 4000;
    neighbours_told = 0;
    zt_netlink_parse(datagram, used, &handler);
    assert_int_equal(neighbours_told, 0);
    begin(NLMSG_DONE, "\0\0\0\0", 4);
    assert_true(zt_netlink_parse(datagram, used, &handler));
}

static struct zt_neighbour_event event(uint8_t last, uint8_t mac_last, bool present)
{
    return (struct zt_neighbour_event){
        .ifindex = 7,
        .family = 4,
        .present = present,
        .mac = { 2, 0, 0, 0, 0, mac_last },
        .address = { 10, 0, 0, last },
    };
}

static bool update(struct zt_neighbours *neighbours, uint8_t last, uint8_t mac_last, bool present)
{
    struct zt_neighbour_event told = event(last, mac_last, present);

    return zt_neighbours_update(neighbours, &told);
}

static void test_only_changes_of_address_are_news(void **state)
{
    struct zt_neighbours neighbours = { 0 };

    (void)state;
    assert_false(update(&neighbours, 1, 1, false));
    assert_true(update(&neighbours, 1, 1, true));
    assert_false(update(&neighbours, 1, 1, true));
    assert_true(update(&neighbours, 1, 2, true));
    assert_true(update(&neighbours, 2, 1, true));
    assert_true(update(&neighbours, 1, 0, false));
    assert_false(update(&neighbours, 1, 0, false));
    assert_true(update(&neighbours, 1, 2, true));
    zt_neighbours_clear(&neighbours);
    assert_true(update(&neighbours, 2, 1, true));
    zt_neighbours_clear(&neighbours);
}

static void test_those_not_told_again_are_missing(void **state)
{
    struct zt_neighbours neighbours = { 0 };
    struct zt_neighbour_event gone;

    (void)state;
    for (uint8_t i = 0; i < 40; i++)
        update(&neighbours, i, i, true);
    zt_neighbours_begin(&neighbours);
    for (uint8_t i = 0; i < 40; i += 2)
        assert_false(update(&neighbours, i, i, true));
    for (int missing = 0; missing < 20; missing++) {
        assert_true(zt_neighbours_take_missing(&neighbours, &gone));
        assert_int_equal(gone.address[3] % 2, 1);
        assert_false(gone.present);
        assert_memory_equal(gone.mac, no_mac, 6);
    }
    assert_false(zt_neighbours_take_missing(&neighbours, &gone));
    zt_neighbours_clear(&neighbours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states_in_which_the_kernel_sends_are_neighbours),
        cmocka_unit_test(test_others_are_gone),
        cmocka_unit_test(test_what_is_no_neighbour_is_not_told),
        cmocka_unit_test(test_links_have_a_carrier_when_up_above_and_below),
        cmocka_unit_test(
            test_carrier_of_a_veth_is_told_at_once_where_the_indexes_of_its_ends_differ),
        cmocka_unit_test(
            test_link_is_open_only_when_the_kernel_says_that_no_xdp_program_is_attached),
        cmocka_unit_test(test_cut_off_datagrams_are_read_as_far_as_they_go),
        cmocka_unit_test(test_only_changes_of_address_are_news),
        cmocka_unit_test(test_those_not_told_again_are_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
