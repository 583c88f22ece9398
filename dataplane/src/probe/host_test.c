/* SPDX-License-Identifier: Apache-2.0 */
/* Whole frames as a host gets and gives them are in test/run/test_probe.py, built by hand; here are the edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/probe/host.h"
#include "ztos/arp.h"
#include "ztos/nd.h"

static const zt_mac own = { { 2, 0, 0, 0, 0, 1 } };
static const zt_mac other = { { 2, 0, 0, 0, 0, 9 } };
static const zt_ip own_ip = { ZT_IPV4, { 10, 0, 0, 1 } };
static const zt_ip other_ip = { ZT_IPV4, { 10, 0, 0, 9 } };

static struct zt_host host;
static uint8_t frame[256];
static uint8_t reply[ZT_HOST_REPLY_MAX];
static uint32_t reply_length;

static int make_host(void **state)
{
    (void)state;
    host = (struct zt_host){ .mac = own };
    zt_host_add(&host, own_ip);
    zt_host_add(&host, zt_ip_eui64(own));
    return 0;
}

static enum zt_reception receive(uint32_t length)
{
    /* On the heap and no longer than it is, so that a read behind the end is seen. */
    uint8_t *exact = test_malloc(length ? length : 1);
    enum zt_reception reception;

    memcpy(exact, frame, length);
    reception = zt_host_receive(&host, exact, length, reply, &reply_length);
    test_free(exact);
    return reception;
}

static void write_request(zt_mac destination, zt_ip target)
{
    struct zt_arp arp = {
        .operation = ZT_ARP_REQUEST, .sender_mac = other, .sender = other_ip, .target = target
    };

    zt_arp_write(frame, destination, other, &arp);
}

static void test_arp_is_answered_to_the_asker(void **state)
{
    struct zt_arp answer;

    (void)state;
    write_request(ZT_MAC_BROADCAST, own_ip);
    assert_int_equal(receive(ZT_ARP_FRAME), ZT_HOST_ANSWERED_ARP);
    assert_int_equal(reply_length, ZT_ARP_FRAME);
    assert_true(zt_arp_read(reply, reply_length, &answer));
    assert_int_equal(answer.operation, ZT_ARP_REPLY);
    assert_true(zt_mac_equal(zt_eth_destination(reply), other));
    assert_true(zt_mac_equal(zt_eth_source(reply), own));
    assert_true(zt_mac_equal(answer.sender_mac, own) && zt_ip_equal(answer.sender, own_ip));
    assert_true(zt_mac_equal(answer.target_mac, other) && zt_ip_equal(answer.target, other_ip));
}

static void test_arp_for_others_is_recorded(void **state)
{
    (void)state;
    write_request(ZT_MAC_BROADCAST, other_ip);
    assert_int_equal(receive(ZT_ARP_FRAME), ZT_HOST_RECORDED);
    write_request((zt_mac){ { 1, 0, 0x5e, 0, 0, 1 } }, own_ip);
    assert_int_equal(receive(ZT_ARP_FRAME), ZT_HOST_RECORDED);
    write_request(other, own_ip);
    assert_int_equal(receive(ZT_ARP_FRAME), ZT_HOST_FOREIGN);
}

static void test_every_cut_of_a_frame_is_recorded_and_nothing_read_behind_it(void **state)
{
    struct zt_nd nd = {
        .type = ZT_ND_SOLICITATION,
        .source = { ZT_IPV6, { 0xfe, 0x80, [15] = 9 } },
        .target = zt_ip_eui64(own),
    };

    (void)state;
    write_request(ZT_MAC_BROADCAST, own_ip);
    for (uint32_t length = 0; length < ZT_ARP_FRAME; length++)
        assert_int_equal(receive(length), ZT_HOST_RECORDED);
    nd.destination = zt_ip_solicited_node(nd.target);
    zt_nd_write(frame, zt_ip_multicast_mac(nd.destination), other, &nd, other);
    for (uint32_t length = 0; length < ZT_ND_FRAME; length++)
        assert_int_equal(receive(length), ZT_HOST_RECORDED);
    assert_int_equal(receive(ZT_ND_FRAME), ZT_HOST_ANSWERED_ND);
    assert_int_equal(reply_length, ZT_ND_FRAME);
}

static void test_random_frames_do_no_harm(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (int n = 0; n < 200000; n++) {
        random = random * 1664525u + 1013904223u;
        if (n % 2)
            write_request(ZT_MAC_BROADCAST, own_ip);
        frame[random >> 8 & 63] ^= (uint8_t)(random >> 24);
        receive(random >> 16 & 127);
    }
}

static void test_addresses_are_limited(void **state)
{
    struct zt_host full = { .mac = own };

    (void)state;
    for (uint32_t i = 0; i < ZT_HOST_ADDRESSES_MAX; i++)
        assert_true(zt_host_add(&full, (zt_ip){ ZT_IPV4, { 10, 0, 0, (uint8_t)i } }));
    assert_false(zt_host_add(&full, own_ip));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_arp_is_answered_to_the_asker, make_host),
        cmocka_unit_test_setup(test_arp_for_others_is_recorded, make_host),
        cmocka_unit_test_setup(test_every_cut_of_a_frame_is_recorded_and_nothing_read_behind_it,
                               make_host),
        cmocka_unit_test_setup(test_random_frames_do_no_harm, make_host),
        cmocka_unit_test(test_addresses_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
