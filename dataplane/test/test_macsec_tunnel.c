/* SPDX-License-Identifier: Apache-2.0 */
/* Macsec interfaces as members of a bridge, on a port and on a vxlan interface: §6 to §12 and MACSEC-10. */
#include <stdio.h>

#include "test/changes.h"
#include "test/macsec.h"

/* What 32 sends, and what its peer does. */
static struct sealing from_tunnel_end(uint64_t pn)
{
    struct sealing how = from_node(ZT_CIPHER_128, pn);
    how.sci = TUNNEL_OWN;
    return how;
}

static struct sealing from_tunnel_peer(uint64_t pn)
{
    struct sealing how = from_peer(ZT_CIPHER_128, pn);
    how.sci = TUNNEL_PEER;
    how.key = 3;
    return how;
}

static void expect_in_tunnel(struct bench *bench, uint32_t vni, const struct parcel *wanted)
{
    struct parcel inner;
    assert_int_equal(to_tunnel(bench, &inner), vni);
    assert_int_equal(inner.length, wanted->length);
    assert_memory_equal(inner.data, wanted->data, wanted->length);
}

static void expect_sealed_in_tunnel(struct bench *bench, uint64_t pn, const struct parcel *clear)
{
    struct sealing how = from_tunnel_end(pn);
    struct parcel sealed;
    seal_by(&how, clear, &sealed);
    expect_in_tunnel(bench, 77, &sealed);
}

static void give_in_tunnel(struct bench *bench, uint64_t pn, const struct parcel *clear)
{
    struct sealing how = from_tunnel_peer(pn);
    struct parcel sealed, outer;
    seal_by(&how, clear, &sealed);
    outer = from_tunnel(77, &sealed);
    deliver(bench, 4, &outer);
}

static void give_by_vxlan(struct bench *bench, const struct parcel *clear)
{
    struct parcel outer = from_tunnel(78, clear);
    deliver(bench, 4, &outer);
}

static void flood_1_every_member_gets_a_copy_sealed_where_it_is_to_be(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct parcel clear = frame_between(9, 1, 60);
    struct sealing how = from_node(ZT_CIPHER_128, 1);
    (void)state;
    deliver(bench, 2, &clear);
    expect_parcel(bench, 3, &clear);
    expect_sealed(bench, 1, &how, &clear);
    expect_sealed_in_tunnel(bench, 1, &clear);
    expect_in_tunnel(bench, 78, &clear);
    expect_end(bench);
    /* From interface 11, a port to the bridge. */
    clear = frame_between(8, 9, 60);
    how = from_peer(ZT_CIPHER_128, 1);
    give_sealed(bench, 1, &how, &clear);
    expect_parcel(bench, 2, &clear);
    expect_parcel(bench, 3, &clear);
    expect_sealed_in_tunnel(bench, 2, &clear);
    expect_in_tunnel(bench, 78, &clear);
    bench_stop(bench);
}

static void flood_1_bridge_4_a_tunnel_does_not_feed_another(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct parcel clear = frame_between(9, 7, 60);
    struct sealing how = from_node(ZT_CIPHER_128, 1);
    (void)state;
    give_in_tunnel(bench, 1, &clear);
    expect_parcel(bench, 2, &clear);
    expect_parcel(bench, 3, &clear);
    expect_sealed(bench, 1, &how, &clear);
    expect_end(bench);
    /* Host 6 is behind the clear tunnel, host 7 behind the sealed one. */
    clear = frame_between(7, 6, 60);
    give_by_vxlan(bench, &clear);
    expect_fate(bench, SPLIT_HORIZON);
    clear = frame_between(6, 7, 60);
    give_in_tunnel(bench, 2, &clear);
    expect_fate(bench, SPLIT_HORIZON);
    clear = frame_between(7, 5, 60);
    give_in_tunnel(bench, 3, &clear);
    expect_fate(bench, SPLIT_HORIZON);
    clear = frame_between(9, 6, 60);
    give_by_vxlan(bench, &clear);
    expect_parcel(bench, 2, &clear);
    expect_parcel(bench, 3, &clear);
    how.pn = 2;
    expect_sealed(bench, 1, &how, &clear);
    bench_stop(bench);
}

static void bridge_4_the_same_macsec_interface_is_the_same_port(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct parcel clear = frame_between(0xfe, 9, 60);
    struct sealing how = from_peer(ZT_CIPHER_128, 1);
    (void)state;
    give_sealed(bench, 1, &how, &clear);
    pass_over(bench);
    clear = frame_between(9, 8, 60);
    how.pn = 2;
    give_sealed(bench, 1, &how, &clear);
    expect_fate(bench, SAME_PORT);
    bench_stop(bench);
}

static void learn_1_what_is_heard_behind_a_tunnel_is_not_heard_on_a_port(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct parcel clear = frame_between(0xfe, 9, 60);
    struct sealing how = from_peer(ZT_CIPHER_128, 1);
    size_t length;
    (void)state;
    uint64_t version = zt_machine_learned_version(bench->machines[0], bench->now);
    give_sealed(bench, 1, &how, &clear);
    pass_over(bench);
    assert_int_equal(zt_machine_learned_version(bench->machines[0], bench->now), version + 1);
    clear = frame_between(0xfe, 7, 60);
    give_in_tunnel(bench, 1, &clear);
    pass_over(bench);
    assert_int_equal(zt_machine_learned_version(bench->machines[0], bench->now), version + 1);
    char *told = zt_machine_learned_json(bench->machines[0], bench->now, &length);
    assert_string_equal(told, "{\"fdb\":[{\"bridge\":20,\"mac\":\"02:bb:00:00:00:09\","
                              "\"interface\":11}],\"neighbours\":[]}");
    free(told);
    /* Its remote is no part of the entry. */
    assert_true(tables_hold(bench, "{\"bridge\":20,\"mac\":\"02:bb:00:00:00:07\","
                                   "\"interface\":32,\"age\":0}"));
    /* It moves to a port, and is heard there. */
    clear = frame_between(0xfe, 7, 60);
    deliver(bench, 3, &clear);
    pass_over(bench);
    assert_int_equal(zt_machine_learned_version(bench->machines[0], bench->now), version + 2);
    give_in_tunnel(bench, 2, &clear);
    pass_over(bench);
    assert_int_equal(zt_machine_learned_version(bench->machines[0], bench->now), version + 3);
    control(bench, "{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":32}");
    assert_false(tables_hold(bench, "02:bb:00:00:00:07"));
    assert_true(tables_hold(bench, "02:bb:00:00:00:09"));
    bench_stop(bench);
}

static void ctrl_6_entries_lead_to_macsec_without_a_remote(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct parcel clear = frame_between(7, 1, 60);
    (void)state;
    control(bench, APPLY(FDB(20, "02:bb:00:00:00:07", TO_PORT(32, false)) "," FDB(
                       20, "02:bb:00:00:00:09", TO_PORT(11, true))));
    deliver(bench, 2, &clear);
    expect_sealed_in_tunnel(bench, 1, &clear);
    clear = frame_between(9, 1, 60);
    deliver(bench, 2, &clear);
    struct sealing how = from_node(ZT_CIPHER_128, 1);
    expect_sealed(bench, 1, &how, &clear);
    control_refused(bench, APPLY(FDB(20, "02:bb:00:00:00:07", TO_VTEP(32, "192.0.2.2", true))),
                    "change-refused");
    control_refused(bench, APPLY(FDB(20, "02:bb:00:00:00:07", TO_VTEP(31, "192.0.2.2", true))),
                    "change-refused");
    control_refused(bench, APPLY(FLOOD(31, "\"192.0.2.2\"")), "change-refused");
    /* LEARN-6: what comes by a tunnel leaves the entry, what comes by a port takes it. */
    clear = frame_between(0xfe, 7, 60);
    give_by_vxlan(bench, &clear);
    pass_over(bench);
    clear = frame_between(7, 1, 60);
    deliver(bench, 2, &clear);
    expect_sealed_in_tunnel(bench, 2, &clear);
    teach(bench, 3, 7);
    deliver(bench, 2, &clear);
    expect_parcel(bench, 3, &clear);
    bench_stop(bench);
}

static void learn_6_what_comes_by_a_sealed_tunnel_leaves_control_entries(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct parcel clear = frame_between(0xfe, 7, 60);
    (void)state;
    control(bench, APPLY(FDB(20, "02:bb:00:00:00:07", TO_PORT(3, false))));
    give_in_tunnel(bench, 1, &clear);
    pass_over(bench);
    clear = frame_between(7, 1, 60);
    deliver(bench, 2, &clear);
    expect_parcel(bench, 3, &clear);
    bench_stop(bench);
}

static void macsec_10_a_tunnel_is_as_strict_as_a_port(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct parcel clear = frame_between(1, 7, 60), sealed, outer;
    struct sealing how = from_tunnel_peer(1);
    (void)state;
    teach(bench, 2, 1);
    outer = from_tunnel(77, &clear);
    deliver(bench, 4, &outer);
    expect_fate(bench, MACSEC_CLEAR);
    how.sci = OTHER;
    seal_by(&how, &clear, &sealed);
    outer = from_tunnel(77, &sealed);
    deliver(bench, 4, &outer);
    expect_fate(bench, MACSEC_SCI_UNKNOWN);
    how.sci = TUNNEL_PEER;
    seal_by(&how, &clear, &sealed);
    sealed.data[40] ^= 1;
    outer = from_tunnel(77, &sealed);
    deliver(bench, 4, &outer);
    expect_fate(bench, MACSEC_ICV);
    give_in_tunnel(bench, 1, &clear);
    expect_parcel(bench, 2, &clear);
    give_in_tunnel(bench, 1, &clear);
    expect_fate(bench, MACSEC_REPLAY);
    bench_stop(bench);
    /* And as lax, in mode check. */
    bench = sec_start(&(struct sec){ .tunnel_mode = "check" });
    teach(bench, 2, 1);
    outer = from_tunnel(77, &clear);
    deliver(bench, 4, &outer);
    expect_parcel(bench, 2, &clear);
    bench_stop(bench);
}

static void macsec_10_the_vxlan_interface_s_mtu_is_below(void **state)
{
    struct parcel clear = frame_between(7, 1, 60);
    (void)state;
    /* 60 octets of Secure Data, 12 of addresses and 32 of the seal are 90 behind an Ethernet header. */
    struct bench *bench = sec_start(&(struct sec){ .vxlan_mtu = 89 });
    control(bench, APPLY(FDB(20, "02:bb:00:00:00:07", TO_PORT(32, true))));
    deliver(bench, 2, &clear);
    expect_fate(bench, MTU_EXCEEDED);
    assert_int_equal(sec_interface(bench, 0, 32)->macsec.counters[ZT_MACSEC_OUT_TOO_LONG], 1);
    clear.length--;
    deliver(bench, 2, &clear);
    expect_sealed_in_tunnel(bench, 1, &clear);
    bench_stop(bench);
    /* Unprotected it is VXLAN-1 that says so. */
    bench = sec_start(&(struct sec){ .vxlan_mtu = 68, .tunnel_more = "\"protect\":false," });
    control(bench, APPLY(FDB(20, "02:bb:00:00:00:07", TO_PORT(32, true))));
    clear = frame_between(7, 1, 70);
    deliver(bench, 2, &clear);
    expect_in_tunnel(bench, 77, &clear);
    clear = frame_between(7, 1, 71);
    deliver(bench, 2, &clear);
    expect_fate(bench, MTU_EXCEEDED);
    assert_int_equal(sec_interface(bench, 0, 32)->macsec.counters[ZT_MACSEC_OUT_TOO_LONG], 0);
    assert_int_equal(sec_interface(bench, 0, 32)->macsec.counters[ZT_MACSEC_OUT_UNTAGGED], 2);
    bench_stop(bench);
}

/* Sealed for the tunnel, and again for the link below: what is opened twice is the frame. */
static void macsec_10_a_tunnel_may_lie_on_a_sealed_link(void **state)
{
    struct sec sec = { .sealed_underlay = true, .cipher = ZT_CIPHER_XPN_256 };
    struct bench *bench = sec_start(&sec);
    struct sealing link = { ZT_CIPHER_128, OTHER, 0, 3, 1, TCI_SC_EC, 0 },
                   tunnel = from_node(ZT_CIPHER_XPN_256, 1);
    struct parcel clear = frame_between(7, 1, 200), sealed, sent, again;
    (void)state;
    tunnel.sci = TUNNEL_OWN;
    control(bench, APPLY(FDB(20, "02:bb:00:00:00:07", TO_PORT(32, true))));
    for (uint32_t i = 0; i < 3; i++) {
        deliver(bench, 2, &clear);
        take_tx(bench, 4, &sent);
        expect_end(bench);
    }
    /* The third one, made anew from the outside in: VXLAN header and what is in front are taken as they are sent elsewhere. */
    tunnel.pn = link.pn = 3;
    seal_by(&tunnel, &clear, &sealed);
    struct bench *plain = sec_start(&(struct sec){ .cipher = ZT_CIPHER_XPN_256 });
    control(plain, APPLY(FDB(20, "02:bb:00:00:00:07", TO_PORT(32, true))));
    for (uint32_t i = 0; i < 3; i++) {
        deliver(plain, 2, &clear);
        take_tx(plain, 4, &again);
    }
    assert_memory_equal(again.data + again.length - sealed.length, sealed.data, sealed.length);
    seal_by(&link, &again, &sealed);
    assert_int_equal(sent.length, sealed.length);
    assert_memory_equal(sent.data, sealed.data, sealed.length);
    bench_stop(plain);
    bench_stop(bench);
}

static void model_1_the_way_to_macsec_is_cached(void **state)
{
    static const char *const to[] = {
        APPLY(FDB(20, "02:bb:00:00:00:07", TO_PORT(32, true))),
        APPLY(FDB(20, "02:bb:00:00:00:07", TO_PORT(11, true))),
    };
    struct parcel clear = frame_between(7, 1, 60);
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct bench *bench = sec_start(&(struct sec){ 0 });
        control(bench, to[i]);
        deliver(bench, 2, &clear);
        pass_over(bench);
        uint64_t before = cache_hits(bench);
        for (uint64_t pn = 2; pn < 5; pn++) {
            struct sealing how = from_node(ZT_CIPHER_128, pn);
            deliver(bench, 2, &clear);
            if (i == 0)
                expect_sealed_in_tunnel(bench, pn, &clear);
            else
                expect_sealed(bench, 1, &how, &clear);
        }
        assert_int_equal(cache_hits(bench), before + 3);
        /* What is decided behind the tunnel's end is decided for each frame. */
        neighbour(bench, 4, false, "020000000604", "c0000202");
        deliver(bench, 2, &clear);
        if (i == 0)
            expect_fate(bench, NEIGHBOUR_MISSING);
        pass_over(bench);
        bench_stop(bench);
    }
}

static void overlay_that_carries_itself_below_macsec_is_refused(void **state)
{
    struct sec sec = { .alone = true, .irb_below = true };
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    struct zt_keys *keys = test_keys();
    struct zt_effects effects;
    struct zt_error error = { 0 };
    (void)state;
    char *text = sec_program(&sec);
    assert_true(zt_machine_load(machine, 0, text, strlen(text), keys, &effects, &error));
    free(text);
    static const char route[] = APPLY(ROUTE(0, "10.5.0.0/24", "[{\"interface\":22}]"));
    assert_false(zt_machine_control(machine, 0, route, strlen(route), &effects, &error));
    assert_string_equal(error.code, "change-refused");
    sec.routes = ",{\"vrf\":0,\"prefix\":\"10.5.0.0/24\",\"connected\":22}";
    text = sec_program(&sec);
    assert_false(zt_machine_load(machine, 0, text, strlen(text), keys, &effects, &error));
    assert_string_equal(error.code, "program-invalid");
    assert_string_equal(error.where, "$.interfaces[5]");
    free(text);
    zt_keys_free(keys);
    zt_machine_destroy(machine);
}

/* ---- snooping and inspection */

/* An IGMPv2 message about 239.1.2.3 from host `host`. */
static struct parcel igmp(uint8_t type, uint8_t host)
{
    struct parcel frame = { .length = ZT_ETH_HEADER + 28 };
    uint8_t *ip = frame.data + ZT_ETH_HEADER;
    zt_ip group = { ZT_IPV4, { 239, 1, 2, 3 } };
    zt_eth_write(frame.data, zt_ip_multicast_mac(group), (zt_mac){ { 2, 0xbb, 0, 0, 0, host } },
                 (zt_ethertype){ ZT_ETHERTYPE_IPV4 });
    zt_ipv4_write(ip, 28, 0, false, 1, (zt_protocol){ 2 }, (zt_ip){ ZT_IPV4, { 10, 5, 0, host } },
                  group);
    ip[20] = type;
    memcpy(ip + 24, group.octets, 4);
    zt_store_be16(ip + 22, zt_sum_checksum(zt_sum_add((zt_sum){ 0 }, ip + 20, 8)));
    return frame;
}

static void snoop_3_4_5_a_sealed_tunnel_is_a_tunnel(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct parcel report = igmp(0x16, 7), leave = igmp(0x17, 7), data = igmp(0x16, 1);
    (void)state;
    data.data[ZT_ETH_HEADER + 9] = 200; /* another protocol: data to the group */
    zt_ipv4_write(data.data + ZT_ETH_HEADER, 28, 0, false, 9, (zt_protocol){ 200 },
                  (zt_ip){ ZT_IPV4, { 10, 5, 0, 1 } }, (zt_ip){ ZT_IPV4, { 239, 1, 2, 3 } });
    /* A report from a host goes to tunnels alone (and to the gateway). */
    report = igmp(0x16, 1);
    deliver(bench, 2, &report);
    expect_sealed_in_tunnel(bench, 1, &report);
    expect_in_tunnel(bench, 78, &report);
    expect_fate(bench, IRB_IGNORED);
    expect_end(bench);
    /* One by a tunnel goes to none. */
    report = igmp(0x16, 7);
    give_in_tunnel(bench, 1, &report);
    expect_fate(bench, IRB_IGNORED);
    expect_end(bench);
    assert_true(tables_hold(bench, "{\"bridge\":20,\"group\":\"239.1.2.3\",\"interface\":32}"));
    give_in_tunnel(bench, 2, &leave);
    pass_over(bench);
    assert_true(tables_hold(bench, "{\"bridge\":20,\"group\":\"239.1.2.3\",\"interface\":32}"));
    data.data[11] = 2;
    deliver(bench, 3, &data);
    expect_parcel(bench, 2, &data);
    expect_sealed_in_tunnel(bench, 2, &data);
    expect_fate(bench, IRB_IGNORED);
    expect_end(bench);
    /* A leave by interface 11 is one of a port. */
    struct sealing how = from_peer(ZT_CIPHER_128, 1);
    report = igmp(0x16, 9);
    give_sealed(bench, 1, &how, &report);
    pass_over(bench);
    assert_true(tables_hold(bench, "\"group\":\"239.1.2.3\",\"interface\":11}"));
    leave = igmp(0x17, 9);
    how.pn = 2;
    give_sealed(bench, 1, &how, &leave);
    pass_over(bench);
    assert_false(tables_hold(bench, "\"group\":\"239.1.2.3\",\"interface\":11}"));
    bench_stop(bench);
}

static struct parcel arp_request(uint8_t host, uint8_t target)
{
    struct parcel frame = { .length = ZT_ARP_FRAME };
    struct zt_arp arp = { .operation = ZT_ARP_REQUEST,
                          .sender_mac = { { 2, 0xbb, 0, 0, 0, host } },
                          .sender = { ZT_IPV4, { 10, 5, 0, host } },
                          .target = { ZT_IPV4, { 10, 5, 0, target } } };
    zt_arp_write(frame.data, ZT_MAC_BROADCAST, arp.sender_mac, &arp);
    return frame;
}

static void arp_3_4_the_gateway_answers_by_a_sealed_tunnel_and_suppresses_for_none(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct parcel request = arp_request(7, 1), answer = { .length = ZT_ARP_FRAME };
    struct zt_arp arp = { .operation = ZT_ARP_REPLY,
                          .sender_mac = { { 2, 0, 0x5e, 0, 0, 1 } },
                          .sender = { ZT_IPV4, { 10, 5, 0, 1 } },
                          .target_mac = { { 2, 0xbb, 0, 0, 0, 7 } },
                          .target = { ZT_IPV4, { 10, 5, 0, 7 } } };
    (void)state;
    give_in_tunnel(bench, 1, &request);
    expect_fate(bench, ARP_ANSWERED);
    zt_arp_write(answer.data, arp.target_mac, arp.sender_mac, &arp);
    expect_sealed_in_tunnel(bench, 1, &answer);
    expect_end(bench);
    /* Host 2 is known: who asks from a port is answered, who asks by the tunnel is not. */
    request = arp_request(2, 99);
    deliver(bench, 2, &request);
    pass_over(bench);
    request = arp_request(7, 2);
    give_in_tunnel(bench, 2, &request);
    expect_parcel(bench, 2, &request);
    pass_over(bench);
    struct sealing how = from_peer(ZT_CIPHER_128, 1);
    request = arp_request(9, 2);
    give_sealed(bench, 1, &how, &request);
    expect_fate(bench, ARP_SUPPRESSED);
    pass_over(bench);
    bench_stop(bench);
}

static void bridge_1_another_gateway_s_mac_may_come_by_a_tunnel(void **state)
{
    struct bench *bench = sec_start(&(struct sec){ 0 });
    struct parcel clear = frame_between(1, 7, 60);
    struct sealing how = from_peer(ZT_CIPHER_128, 1);
    (void)state;
    teach(bench, 2, 1);
    memcpy(clear.data + 6, "\x02\x00\x5e\x00\x00\x01", 6);
    give_in_tunnel(bench, 1, &clear);
    expect_parcel(bench, 2, &clear);
    give_sealed(bench, 1, &how, &clear);
    expect_fate(bench, SOURCE_MAC_LOCAL);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flood_1_every_member_gets_a_copy_sealed_where_it_is_to_be),
        cmocka_unit_test(flood_1_bridge_4_a_tunnel_does_not_feed_another),
        cmocka_unit_test(bridge_4_the_same_macsec_interface_is_the_same_port),
        cmocka_unit_test(learn_1_what_is_heard_behind_a_tunnel_is_not_heard_on_a_port),
        cmocka_unit_test(ctrl_6_entries_lead_to_macsec_without_a_remote),
        cmocka_unit_test(learn_6_what_comes_by_a_sealed_tunnel_leaves_control_entries),
        cmocka_unit_test(macsec_10_a_tunnel_is_as_strict_as_a_port),
        cmocka_unit_test(macsec_10_the_vxlan_interface_s_mtu_is_below),
        cmocka_unit_test(macsec_10_a_tunnel_may_lie_on_a_sealed_link),
        cmocka_unit_test(model_1_the_way_to_macsec_is_cached),
        cmocka_unit_test(overlay_that_carries_itself_below_macsec_is_refused),
        cmocka_unit_test(snoop_3_4_5_a_sealed_tunnel_is_a_tunnel),
        cmocka_unit_test(arp_3_4_the_gateway_answers_by_a_sealed_tunnel_and_suppresses_for_none),
        cmocka_unit_test(bridge_1_another_gateway_s_mac_may_come_by_a_tunnel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
