/* SPDX-License-Identifier: Apache-2.0 */
/* The pure core: hashes, checksums, flow words, longest prefix match. Expected values are worked out by hand or published. */
#include "src/machine/lpm.h"
#include "test/support.h"
#include "ztos/hash.h"

static void hash_1_is_murmurhash3s_finaliser(void **state)
{
    (void)state;
    /* fmix32 of 0, 1 and 0xffffffff. */
    assert_int_equal(zt_mix(0), 0);
    assert_int_equal(zt_mix(1), 0x514e28b7);
    assert_int_equal(zt_mix(0xffffffff), 0x81f16f39);
    const uint32_t words[] = { 1 };
    assert_int_equal(zt_hash(0, words, 1), 0x514e28b7);
    assert_int_equal(zt_hash(1, words, 1), 0);
}

static void hash_4_5_scale(void **state)
{
    (void)state;
    assert_int_equal(zt_hash_share(0, 3), 0);
    assert_int_equal(zt_hash_share(0x55555555, 3), 0);
    assert_int_equal(zt_hash_share(0x55555556, 3), 1);
    assert_int_equal(zt_hash_share(0xffffffff, 64), 63);
    /* The largest sum: 64 members of weight 256. */
    assert_int_equal(zt_hash_share(0xffffffff, 64 * 256), 64 * 256 - 1);
    assert_int_equal(zt_hash_source_port(0), 49152);
    assert_int_equal(zt_hash_source_port(0xffffffff), 65535);
}

static void checksum_of_rfc_1071_and_its_update(void **state)
{
    /* RFC 1071 section 3: the sum of these is ddf2. */
    static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
    (void)state;
    assert_int_equal(zt_host16((zt_be16){ zt_sum_fold(zt_sum_add((zt_sum){ 0 }, example, 8)) }),
                     0xddf2);
    assert_int_equal(zt_host16((zt_be16){ zt_sum_fold(zt_sum_add((zt_sum){ 0 }, example, 7)) }),
                     0xddf2 - 0xf7);
    /* RFC 1624 section 4: HC dd2f, m 5555, m' 3285 gives 0000. */
    assert_int_equal(
        zt_host16(zt_checksum_update(zt_net16(0xdd2f), zt_net16(0x5555), zt_net16(0x3285))),
        0x0000);
}

static void words_of(const char *hex, struct zt_flow_words *words)
{
    uint32_t length;
    uint8_t *packet = octets(hex, &length);
    struct zt_ip_packet ip = { 0 };
    assert_true(packet[0] >> 4 == 4 ? zt_ipv4_read(packet, length, &ip)
                                    : zt_ipv6_read(packet, length, &ip));
    zt_flow_words_read(packet, &ip, words);
    free(packet);
}

#define V6(next, length) \
    "60000000" length next "40" \
    "20010db8000000000000000000000001" \
    "20010db8000000000000000000000002"

static void parse_7_words_of_ipv4(void **state)
{
    struct zt_flow_words words;
    (void)state;
    words_of("4500001c00000000 4011 0000 0a000001 0a000002 03e807d0 00080000", &words);
    assert_int_equal(words.count, 4);
    assert_int_equal(words.word[0], 0x0a000001);
    assert_int_equal(words.word[1], 0x0a000002);
    assert_int_equal(words.word[2], 17);
    assert_int_equal(words.word[3], 0x03e807d0);
    /* MF, an offset, a protocol without ports, three octets behind the header. */
    words_of("4500001c00002000 4011 0000 0a000001 0a000002 03e807d0 00080000", &words);
    assert_int_equal(words.word[3], 0);
    words_of("4500001c00000001 4011 0000 0a000001 0a000002 03e807d0 00080000", &words);
    assert_int_equal(words.word[3], 0);
    words_of("4500001c00004000 4001 0000 0a000001 0a000002 03e807d0 00080000", &words);
    assert_int_equal(words.word[3], 0);
    words_of("4500001700000000 4011 0000 0a000001 0a000002 03e807", &words);
    assert_int_equal(words.word[3], 0);
    /* Options are stepped over. */
    words_of("4600001c00000000 4084 0000 0a000001 0a000002 01010101 00010002", &words);
    assert_int_equal(words.word[3], 0x00010002);
}

static void parse_7_words_of_ipv6(void **state)
{
    struct zt_flow_words words;
    (void)state;
    words_of(V6("11", "0008") "03e807d000080000", &words);
    assert_int_equal(words.count, 10);
    assert_int_equal(words.word[0], 0x20010db8);
    assert_int_equal(words.word[7], 2);
    assert_int_equal(words.word[8], 17);
    assert_int_equal(words.word[9], 0x03e807d0);
    /* Hop-by-hop, routing of 16 octets, destination options, UDP. */
    words_of(V6("00", "0028") "2b00000000000000"
                              "3c01000000000000 0000000000000000"
                              "1100000000000000"
                              "00010002 0008 0000",
             &words);
    assert_int_equal(words.word[8], 17);
    assert_int_equal(words.word[9], 0x00010002);
    /* A fragment header ends the walk. */
    words_of(V6("2c", "0010") "1100000000000000 0001000200080000", &words);
    assert_int_equal(words.word[8], 17);
    assert_int_equal(words.word[9], 0);
    /* Cut off: the header at which it stopped. */
    words_of(V6("2c", "0007") "11000000000000", &words);
    assert_int_equal(words.word[8], 44);
    words_of(V6("3c", "0008") "1101000000000000", &words);
    assert_int_equal(words.word[8], 60);
    words_of(V6("3c", "0001") "11", &words);
    assert_int_equal(words.word[8], 60);
    /* Eight are skipped, a ninth is not. */
#define SKIP "3c00000000000000"
    words_of(V6("3c", "0044") SKIP SKIP SKIP SKIP SKIP SKIP SKIP "0600000000000000"
                                                                 "00010002",
             &words);
    assert_int_equal(words.word[8], 6);
    assert_int_equal(words.word[9], 0x00010002);
    words_of(V6("3c", "004c") SKIP SKIP SKIP SKIP SKIP SKIP SKIP SKIP "0600000000000000"
                                                                      "00010002",
             &words);
    assert_int_equal(words.word[8], 60);
    assert_int_equal(words.word[9], 0);
}

static zt_ip v4(uint32_t address)
{
    zt_ip ip = { .family = ZT_IPV4 };
    zt_store_u32(ip.octets, address);
    return ip;
}

static void route_6_the_longest_prefix_wins(void **state)
{
    struct zt_lpm lpm = { 0 };
    (void)state;
    assert_int_equal(zt_lpm_find(&lpm, v4(1)), UINT32_MAX);
    assert_true(zt_lpm_add(&lpm, v4(0), 0, 0));
    assert_true(zt_lpm_add(&lpm, v4(0x0a000000), 8, 1));
    assert_true(zt_lpm_add(&lpm, v4(0x0a010000), 16, 2));
    assert_true(zt_lpm_add(&lpm, v4(0x0a010203), 32, 3));
    assert_false(zt_lpm_add(&lpm, v4(0x0a010000), 16, 4));
    assert_true(zt_lpm_add(&lpm, (zt_ip){ ZT_IPV6, { 0x20, 0x01 } }, 16, 5));
    for (uint32_t i = 0; i < 1000; i++)
        assert_true(zt_lpm_add(&lpm, v4(0x0b000000 + (i << 8)), 24, 100 + i));
    assert_int_equal(zt_lpm_find(&lpm, v4(0x0a010203)), 3);
    assert_int_equal(zt_lpm_find(&lpm, v4(0x0a010204)), 2);
    assert_int_equal(zt_lpm_find(&lpm, v4(0x0a020204)), 1);
    assert_int_equal(zt_lpm_find(&lpm, v4(0x0c020204)), 0);
    assert_int_equal(zt_lpm_find(&lpm, v4(0x0b0000ff + (999 << 8))), 1099);
    assert_int_equal(zt_lpm_find(&lpm, (zt_ip){ ZT_IPV6, { 0x20, 0x01, 5 } }), 5);
    assert_int_equal(zt_lpm_find(&lpm, (zt_ip){ ZT_IPV6, { 0x20, 0x02 } }), UINT32_MAX);
    zt_lpm_free(&lpm);
}

static void addresses_have_prefixes_and_ends(void **state)
{
    (void)state;
    assert_true(zt_ip_equal(zt_ip_prefix(v4(0x0a0102ff), 23), v4(0x0a010200)));
    assert_true(zt_ip_equal(zt_ip_last(v4(0x0a010200), 23), v4(0x0a0103ff)));
    assert_true(zt_ip_equal(zt_ip_prefix(v4(0x0a0102ff), 32), v4(0x0a0102ff)));
    assert_true(zt_ip_equal(zt_ip_last(v4(0), 0), v4(0xffffffff)));
    /* RFC 4291 appendix A: 34-56-78-9A-BC-DE. */
    zt_ip eui = zt_ip_eui64((zt_mac){ { 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde } });
    static const uint8_t wanted[] = { 0xfe, 0x80, 0,    0,    0,    0,    0,    0,
                                      0x36, 0x56, 0x78, 0xff, 0xfe, 0x9a, 0xbc, 0xde };
    assert_memory_equal(eui.octets, wanted, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_1_is_murmurhash3s_finaliser),
        cmocka_unit_test(hash_4_5_scale),
        cmocka_unit_test(checksum_of_rfc_1071_and_its_update),
        cmocka_unit_test(parse_7_words_of_ipv4),
        cmocka_unit_test(parse_7_words_of_ipv6),
        cmocka_unit_test(route_6_the_longest_prefix_wins),
        cmocka_unit_test(addresses_have_prefixes_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
