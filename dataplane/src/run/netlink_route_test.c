/* SPDX-License-Identifier: Apache-2.0 */
/* [CTRL-7] Route messages of the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "src/run/netlink.h"

static struct zt_route_event event;
static unsigned int routes_told, shaken;

static void on_route(void *context, const struct zt_route_event *told)
{
    (void)context;
    event = *told;
    routes_told++;
}

static void on_shaken(void *context)
{
    (void)context;
    shaken++;
}

static const struct zt_netlink_handler handler = { .route = on_route, .routes_shaken = on_shaken };

/* A datagram in the making. */
static _Alignas(struct nlmsghdr) uint8_t datagram[8192];
static uint32_t used;

static struct rtmsg *begin(uint16_t type, uint8_t family, uint8_t length)
{
    struct nlmsghdr *header = (struct nlmsghdr *)datagram;
    struct rtmsg *body = NLMSG_DATA(header);

    memset(datagram, 0, sizeof(datagram));
    header->nlmsg_type = type;
    *body = (struct rtmsg){ .rtm_family = family,
                            .rtm_dst_len = length,
                            .rtm_table = RT_TABLE_MAIN,
                            .rtm_type = RTN_UNICAST };
    used = NLMSG_SPACE(sizeof(*body));
    header->nlmsg_len = used;
    routes_told = 0;
    return body;
}

static struct rtattr *attribute(uint16_t type, const void *data, uint32_t length)
{
    struct rtattr *at = (struct rtattr *)(datagram + used);

    at->rta_type = type;
    at->rta_len = (uint16_t)RTA_LENGTH(length);
    if (length > 0)
        memcpy(RTA_DATA(at), data, length);
    used += RTA_SPACE(length);
    ((struct nlmsghdr *)datagram)->nlmsg_len = used;
    return at;
}

static uint32_t address_of(const char *text, uint8_t octets[16])
{
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;

    assert_int_equal(inet_pton(family, text, octets), 1);
    return family == AF_INET ? 4 : 16;
}

static void address(uint16_t type, const char *text)
{
    uint8_t octets[16];

    attribute(type, octets, address_of(text, octets));
}

static void number(uint16_t type, uint32_t value)
{
    attribute(type, &value, sizeof(value));
}

static void via(const char *text)
{
    uint8_t data[18], octets[16];
    uint32_t length = address_of(text, octets);
    uint16_t family = length == 4 ? AF_INET : AF_INET6;

    memcpy(data, &family, 2);
    memcpy(data + 2, octets, length);
    attribute(RTA_VIA, data, 2 + length);
}

/* Grows the RTA_MULTIPATH that was begun by a next hop; what is added to the datagram behind it belongs to it. */
static struct rtattr *multipath;
static struct rtnexthop *next_hop(uint32_t ifindex, uint8_t flags)
{
    struct rtnexthop *hop = (struct rtnexthop *)(datagram + used);

    hop->rtnh_ifindex = (int)ifindex;
    hop->rtnh_flags = flags;
    used += RTNH_SPACE(0);
    return hop;
}

static void end_hop(struct rtnexthop *hop)
{
    hop->rtnh_len = (uint16_t)(datagram + used - (uint8_t *)hop);
    multipath->rta_len = (uint16_t)(datagram + used - (uint8_t *)multipath);
    ((struct nlmsghdr *)datagram)->nlmsg_len = used;
}

static void hop_by(uint32_t ifindex, uint8_t flags, const char *gateway)
{
    struct rtnexthop *hop = next_hop(ifindex, flags);

    if (gateway)
        address(RTA_GATEWAY, gateway);
    end_hop(hop);
}

static void tell(void)
{
    assert_int_equal(zt_netlink_parse(datagram, used, &handler), 0);
}

static bool is(zt_ip ip, const char *text)
{
    uint8_t octets[16];
    uint32_t length = address_of(text, octets);

    return ip.family == (length == 4 ? 4 : 6) && memcmp(ip.octets, octets, length) == 0;
}

static void test_ctrl_7_route_by_one_gateway_is_read(void **state)
{
    (void)state;
    begin(RTM_NEWROUTE, AF_INET, 24);
    address(RTA_DST, "203.0.113.0");
    number(RTA_TABLE, RT_TABLE_MAIN);
    number(RTA_PRIORITY, 20);
    number(RTA_OIF, 7);
    address(RTA_GATEWAY, "10.254.0.1");
    tell();
    assert_int_equal(routes_told, 1);
    assert_true(is(event.prefix, "203.0.113.0") && event.length == 24 && event.metric == 20);
    assert_true(event.present && event.unicast && !event.whole && !event.replaces && !event.dumped);
    assert_int_equal(event.count, 1);
    assert_int_equal(event.hops[0].ifindex, 7);
    assert_true(is(event.hops[0].gateway, "10.254.0.1"));
    begin(RTM_DELROUTE, AF_INET6, 0);
    number(RTA_OIF, 7);
    address(RTA_GATEWAY, "fe80::1");
    ((struct nlmsghdr *)datagram)->nlmsg_flags = NLM_F_MULTI | NLM_F_REPLACE;
    tell();
    assert_true(is(event.prefix, "::") && event.length == 0);
    assert_true(!event.present && event.dumped && event.replaces);
    assert_true(is(event.hops[0].gateway, "fe80::1"));
}

static void test_ctrl_7_gateway_may_be_of_the_other_family(void **state)
{
    (void)state;
    begin(RTM_NEWROUTE, AF_INET, 32);
    address(RTA_DST, "10.255.0.9");
    number(RTA_OIF, 3);
    via("fe80::9");
    tell();
    assert_true(event.unicast && event.count == 1 && is(event.hops[0].gateway, "fe80::9"));
    /* A family that is none, and a length that is not its own. */
    begin(RTM_NEWROUTE, AF_INET, 32);
    address(RTA_DST, "10.255.0.9");
    number(RTA_OIF, 3);
    attribute(RTA_VIA, "\x07\0\1\2\3\4", 6);
    tell();
    assert_false(event.unicast);
    begin(RTM_NEWROUTE, AF_INET, 32);
    address(RTA_DST, "10.255.0.9");
    number(RTA_OIF, 3);
    attribute(RTA_VIA, "\x0a\0\1\2\3\4", 6);
    tell();
    assert_false(event.unicast);
}

static void test_ctrl_7_route_by_several_gateways_is_read_without_the_dead(void **state)
{
    struct rtnexthop *hop;

    (void)state;
    begin(RTM_NEWROUTE, AF_INET, 16);
    address(RTA_DST, "10.200.0.0");
    multipath = attribute(RTA_MULTIPATH, NULL, 0);
    hop_by(7, 0, "10.254.0.1");
    hop_by(8, RTNH_F_DEAD | RTNH_F_LINKDOWN, "10.254.0.3");
    hop = next_hop(9, RTNH_F_LINKDOWN);
    via("fe80::5");
    end_hop(hop);
    tell();
    assert_true(event.unicast && event.whole);
    assert_int_equal(event.count, 2);
    assert_true(event.hops[0].ifindex == 7 && is(event.hops[0].gateway, "10.254.0.1"));
    assert_true(event.hops[1].ifindex == 9 && is(event.hops[1].gateway, "fe80::5"));
    begin(RTM_NEWROUTE, AF_INET, 16);
    address(RTA_DST, "10.200.0.0");
    multipath = attribute(RTA_MULTIPATH, NULL, 0);
    hop_by(7, 0, "10.254.0.1");
    hop_by(8, 0, NULL);
    tell();
    assert_true(event.count == 2 && event.hops[1].gateway.family == 0);
    /* More than a group takes: that it is more is told. */
    begin(RTM_NEWROUTE, AF_INET, 16);
    address(RTA_DST, "10.200.0.0");
    multipath = attribute(RTA_MULTIPATH, NULL, 0);
    for (uint32_t i = 0; i < 100; i++)
        hop_by(7, 0, "10.254.0.1");
    tell();
    assert_int_equal(event.count, ZT_NEXT_HOPS_MAX);
    /* One that is dead alone. */
    begin(RTM_NEWROUTE, AF_INET, 16)->rtm_flags = RTNH_F_DEAD;
    address(RTA_DST, "10.200.0.0");
    number(RTA_OIF, 7);
    address(RTA_GATEWAY, "10.254.0.1");
    tell();
    assert_int_equal(event.count, 0);
}

static void test_ctrl_7_weights_are_hops_and_one(void **state)
{
    static const uint8_t hops[] = { 0, 4, 255 };

    (void)state;
    begin(RTM_NEWROUTE, AF_INET, 16);
    address(RTA_DST, "10.200.0.0");
    multipath = attribute(RTA_MULTIPATH, NULL, 0);
    for (uint32_t i = 0; i < 3; i++) {
        struct rtnexthop *hop = next_hop(7 + i, 0);

        hop->rtnh_hops = hops[i];
        via("fe80::5");
        end_hop(hop);
    }
    tell();
    assert_int_equal(event.count, 3);
    assert_int_equal(event.hops[0].weight, 1);
    assert_int_equal(event.hops[1].weight, 5);
    assert_int_equal(event.hops[2].weight, 256);
    begin(RTM_NEWROUTE, AF_INET, 24);
    address(RTA_DST, "203.0.113.0");
    number(RTA_OIF, 7);
    address(RTA_GATEWAY, "10.254.0.1");
    tell();
    assert_int_equal(event.hops[0].weight, 1);
}

static void route_to(const char *prefix)
{
    address(RTA_DST, prefix);
    number(RTA_OIF, 7);
}

static void test_ctrl_7_routes_that_are_no_unicast_are_told_as_such(void **state)
{
    static const uint8_t types[] = { RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT, RTN_THROW,
                                     RTN_LOCAL,     RTN_BROADCAST,   RTN_MULTICAST };
    uint16_t encap = 1;

    (void)state;
    for (unsigned int i = 0; i < sizeof(types); i++) {
        begin(RTM_NEWROUTE, AF_INET, 24)->rtm_type = types[i];
        route_to("203.0.113.0");
        tell();
        assert_true(routes_told == 1 && !event.unicast);
    }
    begin(RTM_NEWROUTE, AF_INET, 24);
    route_to("203.0.113.0");
    address(RTA_GATEWAY, "10.254.0.1");
    attribute(RTA_ENCAP_TYPE, &encap, sizeof(encap));
    tell();
    assert_false(event.unicast);
}

static void test_ctrl_7_what_is_not_of_the_main_table_is_not_told(void **state)
{
    (void)state;
    begin(RTM_NEWROUTE, AF_INET, 24)->rtm_table = RT_TABLE_LOCAL;
    route_to("203.0.113.0");
    tell();
    assert_int_equal(routes_told, 0);
    begin(RTM_NEWROUTE, AF_INET, 24)->rtm_table = RT_TABLE_COMPAT;
    route_to("203.0.113.0");
    number(RTA_TABLE, 1000);
    tell();
    assert_int_equal(routes_told, 0);
    begin(RTM_NEWROUTE, AF_INET, 24)->rtm_tos = 8;
    route_to("203.0.113.0");
    tell();
    assert_int_equal(routes_told, 0);
    begin(RTM_NEWROUTE, AF_INET6, 64)->rtm_src_len = 64;
    route_to("2001:db8::");
    tell();
    assert_int_equal(routes_told, 0);
    begin(RTM_NEWROUTE, AF_INET6, 128)->rtm_flags = RTM_F_CLONED;
    route_to("2001:db8::1");
    tell();
    assert_int_equal(routes_told, 0);
    begin(RTM_NEWROUTE, AF_INET6, 64);
    route_to("fe80::");
    tell();
    assert_int_equal(routes_told, 0);
    begin(RTM_NEWROUTE, 128 /* RTNL_FAMILY_IPMR */, 32);
    route_to("203.0.113.0");
    tell();
    assert_int_equal(routes_told, 0);
    begin(RTM_NEWROUTE, AF_INET, 33);
    route_to("203.0.113.0");
    tell();
    assert_int_equal(routes_told, 0);
    begin(RTM_NEWROUTE, AF_INET, 24);
    attribute(RTA_DST, "\x0a\0\0", 3);
    tell();
    assert_int_equal(routes_told, 0);
}

static void test_ctrl_7_addresses_and_next_hops_that_go_shake_routes(void **state)
{
    static const uint16_t types[] = { RTM_DELADDR, RTM_NEWNEXTHOP, RTM_DELNEXTHOP };

    (void)state;
    for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        begin(types[i], AF_INET, 0);
        shaken = 0;
        tell();
        assert_int_equal(shaken, 1);
    }
}

static void test_ctrl_7_cut_off_messages_are_read_as_far_as_they_go(void **state)
{
    (void)state;
    for (uint32_t cut = 0; cut < 200; cut++) {
        begin(RTM_NEWROUTE, AF_INET, 16);
        address(RTA_DST, "10.200.0.0");
        multipath = attribute(RTA_MULTIPATH, NULL, 0);
        hop_by(7, 0, "10.254.0.1");
        hop_by(8, 0, "10.254.0.3");
        number(RTA_PRIORITY, 7);
        if (cut > used)
            break;
        /* Whatever a length says, nothing behind the datagram is read (under ASan). */
        ((struct nlmsghdr *)datagram)->nlmsg_len = cut;
        zt_netlink_parse(datagram, used, &handler);
        for (uint16_t length = 0; length < 64; length++) {
            ((struct nlmsghdr *)datagram)->nlmsg_len = used;
            multipath->rta_len = length;
            zt_netlink_parse(datagram, used, &handler);
            multipath->rta_len = (uint16_t)RTA_LENGTH(2 * (RTNH_SPACE(0) + 8));
            ((struct rtnexthop *)RTA_DATA(multipath))->rtnh_len = length;
            zt_netlink_parse(datagram, used, &handler);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ctrl_7_route_by_one_gateway_is_read),
        cmocka_unit_test(test_ctrl_7_gateway_may_be_of_the_other_family),
        cmocka_unit_test(test_ctrl_7_route_by_several_gateways_is_read_without_the_dead),
        cmocka_unit_test(test_ctrl_7_weights_are_hops_and_one),
        cmocka_unit_test(test_ctrl_7_routes_that_are_no_unicast_are_told_as_such),
        cmocka_unit_test(test_ctrl_7_what_is_not_of_the_main_table_is_not_told),
        cmocka_unit_test(test_ctrl_7_addresses_and_next_hops_that_go_shake_routes),
        cmocka_unit_test(test_ctrl_7_cut_off_messages_are_read_as_far_as_they_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
