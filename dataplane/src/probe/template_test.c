/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/probe/template.h"
#include "ztos/ip.h"
#include "ztos/udp.h"

static struct zt_template frame;
static uint8_t data[ZT_XSK_CHUNK];
static struct zt_error error;

/* UDP over either family with `payload` octets, the checksum written unless `zero`. */
static uint32_t build(uint8_t family, uint32_t payload, bool zero)
{
    uint8_t *ip = data + ZT_ETH_HEADER;
    uint32_t header = family == ZT_IPV4 ? ZT_IPV4_HEADER : ZT_IPV6_HEADER;
    uint32_t datagram = ZT_UDP_HEADER + payload;
    uint8_t *udp = ip + header;
    zt_sum sum;

    memset(data, 0x5a, sizeof(data));
    zt_store_u16(data + ZT_ETH_TYPE, family == ZT_IPV4 ? ZT_ETHERTYPE_IPV4 : ZT_ETHERTYPE_IPV6);
    memset(ip, 0, header);
    if (family == ZT_IPV4) {
        ip[0] = 0x45;
        ip[9] = ZT_PROTOCOL_UDP;
        zt_store_u16(ip + 2, (uint16_t)(header + datagram));
    } else {
        ip[0] = 0x60;
        ip[6] = ZT_PROTOCOL_UDP;
        zt_store_u16(ip + 4, (uint16_t)datagram);
    }
    zt_store_u16(udp + 4, (uint16_t)datagram);
    zt_store_u16(udp + 6, 0);
    sum = zt_ip_pseudo_header(ip, family, (zt_protocol){ ZT_PROTOCOL_UDP }, datagram);
    if (!zero)
        zt_store_be16(udp + 6, zt_sum_checksum(zt_sum_add(sum, udp, datagram)));
    return ZT_ETH_HEADER + header + datagram;
}

static bool checksum_is_right(uint8_t family)
{
    const uint8_t *ip = frame.data + ZT_ETH_HEADER;
    const uint8_t *udp = ip + (family == ZT_IPV4 ? ZT_IPV4_HEADER : ZT_IPV6_HEADER);
    uint32_t length = zt_load_u16(udp + 4);
    zt_sum sum = zt_ip_pseudo_header(ip, family, (zt_protocol){ ZT_PROTOCOL_UDP }, length);

    return zt_sum_is_right(zt_sum_add(sum, udp, length)) && zt_load_u16(udp + 6) != 0;
}

static void test_marks_are_read_again_and_checksums_are_right(void **state)
{
    static const uint8_t families[] = { ZT_IPV4, ZT_IPV6 };
    uint32_t run, trace;

    (void)state;
    for (int f = 0; f < 2; f++) {
        for (uint32_t payload = 16; payload < 64; payload++) {
            uint32_t length = build(families[f], payload, false);

            assert_true(zt_template_open(&frame, data, length, &error));
            for (uint32_t i = 0; i < 3000; i += 7) {
                zt_template_mark(&frame, 0xdeadbeef, i * 65537);
                assert_true(checksum_is_right(families[f]));
                assert_true(zt_trace_read_id(frame.data, frame.length, &run, &trace));
                assert_int_equal(run, 0xdeadbeef);
                assert_int_equal(trace, i * 65537);
            }
            /* All but checksum and mark stay. */
            assert_memory_equal(frame.data, data, frame.checksum_at);
            assert_memory_equal(frame.data + frame.checksum_at + 2, data + frame.checksum_at + 2,
                                length - 16 - frame.checksum_at - 2);
        }
    }
}

static void test_a_checksum_of_zero_stays(void **state)
{
    uint32_t length = build(ZT_IPV4, 40, true);

    (void)state;
    assert_true(zt_template_open(&frame, data, length, &error));
    zt_template_mark(&frame, 1, 2);
    assert_memory_equal(frame.data, data, length - 16);
}

static void test_frames_that_do_not_serve_are_refused(void **state)
{
    uint32_t length = build(ZT_IPV4, 40, false);

    (void)state;
    for (uint32_t cut = 0; cut < length; cut++)
        assert_false(zt_template_open(&frame, data, cut, &error));
    assert_false(zt_template_open(&frame, data, length + 1, &error));
    assert_false(zt_template_open(&frame, data, ZT_XSK_CHUNK + 1, &error));
    length = build(ZT_IPV4, 15, false);
    assert_false(zt_template_open(&frame, data, length, &error));
    length = build(ZT_IPV4, 40, false);
    data[ZT_ETH_HEADER + 9] = ZT_PROTOCOL_TCP;
    assert_false(zt_template_open(&frame, data, length, &error));
    length = build(ZT_IPV6, 40, false);
    data[ZT_ETH_HEADER + 6] = ZT_PROTOCOL_HOP_BY_HOP;
    assert_false(zt_template_open(&frame, data, length, &error));
}

static void test_altered_marks_are_none(void **state)
{
    uint32_t length = build(ZT_IPV4, 40, false);
    uint32_t run, trace;

    (void)state;
    assert_true(zt_template_open(&frame, data, length, &error));
    zt_template_mark(&frame, 1, 2);
    for (uint32_t bit = 0; bit < 128; bit++) {
        frame.data[length - 16 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(zt_trace_read_id(frame.data, length, &run, &trace));
        frame.data[length - 16 + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(zt_trace_read_id(frame.data, length, &run, &trace));
    for (uint32_t cut = 0; cut < 16; cut++)
        assert_false(zt_trace_read_id(frame.data + length - cut, cut, &run, &trace));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks_are_read_again_and_checksums_are_right),
        cmocka_unit_test(test_a_checksum_of_zero_stays),
        cmocka_unit_test(test_frames_that_do_not_serve_are_refused),
        cmocka_unit_test(test_altered_marks_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
