/* SPDX-License-Identifier: Apache-2.0 */
/* §5, sending: suites, kinds of SecTAG, what is encrypted, associations that take over (MACSEC-7, MACSEC-8). */
#include <stdio.h>

#include "test/macsec.h"

/* Host 9 is known behind interface 11: what host 1 on port 2 sends it leaves by port 1. */
static struct bench *start(const struct sec *sec)
{
    struct bench *bench = sec_start(sec);
    struct parcel frame = frame_between(0xfe, 9, 60);
    struct sealing how = from_peer(sec->cipher, 1);
    how.tci = ZT_TCI_SC; /* whatever the offset */
    give_sealed(bench, 1, &how, &frame);
    pass_over(bench);
    return bench;
}

static void goes_down(struct bench *bench, const struct sealing *how, const struct parcel *clear)
{
    deliver(bench, 2, clear);
    expect_sealed(bench, 1, how, clear);
    expect_end(bench);
}

static void ends_in(struct bench *bench, const struct parcel *clear, enum zt_fate fate)
{
    deliver(bench, 2, clear);
    expect_fate_of(bench, fate, "the fate of a frame to be sealed");
    expect_end(bench);
}

struct form {
    const char *more;
    uint8_t tci;
    uint32_t offset;
};

static void sends_every_length(uint8_t cipher, const struct form *form)
{
    static const uint32_t lengths[] = { 2, 30, 31, 47, 48, 50, 51, 300, 1502 };
    struct bench *bench = start(&(struct sec){ .cipher = cipher, .more = form->more });
    for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct parcel clear = frame_between(9, 1, lengths[i]);
        struct sealing how = from_node(cipher, i + 1);
        how.tci = form->tci;
        how.offset = form->offset;
        goes_down(bench, &how, &clear);
    }
    bench_stop(bench);
}

static void macsec_7_every_suite_and_form_of_the_tag(void **state)
{
    static const struct form forms[] = {
        { NULL, 0x2c, 0 },
        { "\"confidentiality\":\"none\",", 0x20, 0 },
        { "\"confidentiality\":\"offset-30\",", 0x2c, 30 },
        { "\"confidentiality\":\"offset-50\",", 0x2c, 50 },
        { "\"tag\":\"implicit\",", 0x0c, 0 },
        { "\"confidentiality\":\"none\",\"tag\":\"implicit\",", 0x00, 0 },
    };
    (void)state;
    for (uint8_t cipher = 0; cipher < ZT_CIPHERS; cipher++)
        for (uint32_t i = 0; i < sizeof forms / sizeof *forms; i++)
            sends_every_length(cipher, &forms[i]);
}

/* An end station is routed: here its kernel sends. */
static void macsec_7_an_end_station_leaves_its_sci_out(void **state)
{
    struct bench *bench =
        sec_start(&(struct sec){ .routed = true, .more = "\"tag\":\"end-station\"," });
    struct parcel clear = frame_between(9, 1, 60);
    struct sealing how = from_node(ZT_CIPHER_128, 1);
    (void)state;
    how.tci = 0x4c;
    punt_octets(bench, 1, clear.data, clear.length);
    expect_sealed(bench, 1, &how, &clear);
    bench_stop(bench);
}

static void macsec_7_protect_is_apart_from_the_mode(void **state)
{
    static const struct {
        const char *mode, *more;
        bool protects;
    } cases[] = {
        { "strict", NULL, true },
        { "check", NULL, true },
        { "disabled", NULL, false },
        { "strict", "\"protect\":false,", false },
        { "disabled", "\"protect\":true,", true },
    };
    struct parcel clear = frame_between(9, 1, 60);
    struct sealing how = from_node(ZT_CIPHER_128, 1);
    (void)state;
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench *bench = start(&(struct sec){ .mode = cases[i].mode, .more = cases[i].more });
        deliver(bench, 2, &clear);
        if (cases[i].protects)
            expect_sealed(bench, 1, &how, &clear);
        else
            expect_parcel(bench, 1, &clear);
        assert_int_equal(counter(bench, ZT_MACSEC_OUT_UNTAGGED), !cases[i].protects);
        bench_stop(bench);
    }
}

static void macsec_7_8_what_is_sent_is_counted(void **state)
{
    struct parcel clear = frame_between(9, 1, 60);
    struct bench *bench = start(&(struct sec){ 0 });
    (void)state;
    deliver(bench, 2, &clear);
    pass_over(bench);
    assert_int_equal(transmit_counter(bench, 0, ZT_TRANSMIT_ENCRYPTED), 1);
    assert_int_equal(counter(bench, ZT_MACSEC_OUT_OCTETS_ENCRYPTED), 60);
    bench_stop(bench);
    bench = start(&(struct sec){ .more = "\"confidentiality\":\"none\"," });
    deliver(bench, 2, &clear);
    pass_over(bench);
    assert_int_equal(transmit_counter(bench, 0, ZT_TRANSMIT_PROTECTED), 1);
    assert_int_equal(transmit_counter(bench, 0, ZT_TRANSMIT_ENCRYPTED), 0);
    assert_int_equal(counter(bench, ZT_MACSEC_OUT_OCTETS_PROTECTED), 60);
    bench_stop(bench);
}

/* The port takes 1700 octets behind the Ethernet header; the bridge would let 9000 by. */
static void macsec_7_too_long_a_frame_uses_no_number(void **state)
{
    static const struct {
        const char *more;
        uint8_t tci;
        uint32_t most;
    } cases[] = {
        { NULL, 0x2c, 1702 - 32 },
        { "\"tag\":\"implicit\",", 0x0c, 1702 - 24 },
    };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct bench *bench = start(&(struct sec){ .mtu = 9000, .more = cases[i].more });
        struct parcel fits = frame_between(9, 1, cases[i].most),
                      exceeds = frame_between(9, 1, cases[i].most + 1);
        struct sealing how = from_node(ZT_CIPHER_128, 1);
        how.tci = cases[i].tci;
        ends_in(bench, &exceeds, ZT_FATE_MTU_EXCEEDED);
        ends_in(bench, &exceeds, ZT_FATE_MTU_EXCEEDED);
        goes_down(bench, &how, &fits);
        assert_int_equal(counter(bench, ZT_MACSEC_OUT_TOO_LONG), 2);
        bench_stop(bench);
    }
}

static struct bench *start_with_standby(uint8_t cipher)
{
    char standby[400];
    snprintf(standby, sizeof standby, "%s,%s", association(cipher, NULL, 1, 2),
             association(cipher, NULL, 3, 3));
    return start(&(struct sec){ .cipher = cipher, .standby = standby });
}

/* Of the three, `index` seals, with this number. */
static void encodes(struct bench *bench, uint8_t cipher, uint32_t index, zt_pn pn)
{
    static const uint8_t ans[] = { 0, 1, 3 }, keys[] = { 0, 2, 3 };
    struct parcel clear = frame_between(9, 1, 60);
    struct sealing how = from_node(cipher, (uint64_t)pn);
    how.an = ans[index];
    how.key = keys[index];
    goes_down(bench, &how, &clear);
}

static void macsec_7_standby_takes_over_before_the_numbers_end(void **state)
{
    struct parcel clear = frame_between(9, 1, 60);
    (void)state;
    for (uint8_t cipher = 0; cipher < ZT_CIPHERS; cipher++) {
        zt_pn end = zt_pn_end(cipher), wanted = end - end / 4;
        struct bench *bench = start_with_standby(cipher);
        set_next_pn(bench, 0, wanted - 1);
        encodes(bench, cipher, 0, wanted - 1);
        encodes(bench, cipher, 1, 1);
        set_next_pn(bench, 1, wanted - 1);
        encodes(bench, cipher, 1, wanted - 1);
        encodes(bench, cipher, 2, 1);
        /* No fresh one is left: the last goes on to its end, then the one before it. */
        set_next_pn(bench, 2, end - 1);
        encodes(bench, cipher, 2, end - 1);
        encodes(bench, cipher, 1, wanted);
        set_next_pn(bench, 1, end);
        encodes(bench, cipher, 0, wanted);
        set_next_pn(bench, 0, end);
        ends_in(bench, &clear, ZT_FATE_MACSEC_PN_EXHAUSTED);
        /* One whose numbers are fresh again is the first. */
        set_next_pn(bench, 1, 7);
        encodes(bench, cipher, 1, 7);
        bench_stop(bench);
    }
}

static void macsec_7_an_extended_number_goes_on_beyond_32_bits(void **state)
{
    struct bench *bench = start(&(struct sec){ .cipher = ZT_CIPHER_XPN_256 });
    (void)state;
    set_next_pn(bench, 0, UINT64_C(0x1ffffffff));
    encodes(bench, ZT_CIPHER_XPN_256, 0, UINT64_C(0x1ffffffff));
    encodes(bench, ZT_CIPHER_XPN_256, 0, UINT64_C(0x200000000));
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macsec_7_every_suite_and_form_of_the_tag),
        cmocka_unit_test(macsec_7_an_end_station_leaves_its_sci_out),
        cmocka_unit_test(macsec_7_protect_is_apart_from_the_mode),
        cmocka_unit_test(macsec_7_8_what_is_sent_is_counted),
        cmocka_unit_test(macsec_7_too_long_a_frame_uses_no_number),
        cmocka_unit_test(macsec_7_standby_takes_over_before_the_numbers_end),
        cmocka_unit_test(macsec_7_an_extended_number_goes_on_beyond_32_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
