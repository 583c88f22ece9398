/* SPDX-License-Identifier: Apache-2.0 */
/* §5 MACsec between a leaf and a spine: GCM-AES-128, strict. */
#include "test/macsec.h"

static void macsec_1_clear_frames_do_not_pass(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, 3, TRANSIT_CLEAR_3, MACSEC_CLEAR);
    control(bench, "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":4,\"mode\":\"disabled\"}");
    gives_tx(bench, 3, TRANSIT_CLEAR_3, 1, TRANSIT_OUT);
    /* What is sealed is opened all the same. */
    gives_tx(bench, 3, TRANSIT_SEALED_IN, 1, TRANSIT_OUT);
    bench_stop(bench);
}

/* A sealed frame with one octet of its SecTAG (from 12) changed, or cut. */
static void gives_changed(struct bench *bench, uint32_t at, uint8_t bits, uint32_t cut,
                          enum zt_fate fate)
{
    uint32_t length;
    uint8_t *frame = octets(TRANSIT_SEALED_IN, &length);
    frame[at] ^= bits;
    give_octets(bench, 3, frame, length - cut);
    expect_fate_of(bench, fate, "the fate of a changed tag");
    expect_end(bench);
    free(frame);
}

static void gives_tag_invalid(struct bench *bench, uint32_t at, uint8_t bits, uint32_t cut)
{
    gives_changed(bench, at, bits, cut, ZT_FATE_MACSEC_TAG_INVALID);
}

static void macsec_2_every_bit_of_the_tag_counts(void **state)
{
    static const uint8_t tci[] = { 0x80, 0x40, 0x10, 0x04 };
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    for (uint32_t i = 0; i < sizeof tci; i++)
        gives_tag_invalid(bench, 14, tci[i], 0);
    /* No SCI, or nothing encrypted: that may be, but is not what was sealed. */
    gives_changed(bench, 14, 0x20, 0, ZT_FATE_MACSEC_ICV);
    gives_changed(bench, 14, 0x08, 0, ZT_FATE_MACSEC_ICV);
    gives_tag_invalid(bench, 15, 0x80, 0);
    gives_tag_invalid(bench, 15, 0x40, 0);
    gives_tag_invalid(bench, 15, 0x2f, 0); /* SL 47 is not the length */
    gives_tag_invalid(bench, 19, 0x01, 0); /* PN 0 */
    uint32_t length;
    free(octets(TRANSIT_SEALED_IN, &length));
    for (uint32_t left = 14; left < 46; left++)
        gives_tag_invalid(bench, 12, 0, length - left);
    gives_tx(bench, 3, TRANSIT_SEALED_IN, 1, TRANSIT_OUT);
    bench_stop(bench);
}

static void macsec_3_unknown_channel_and_association(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_fate(bench, 3, TRANSIT_SEALED_OTHER_SCI, MACSEC_SCI_UNKNOWN);
    gives_fate(bench, 3, TRANSIT_SEALED_OTHER_AN, MACSEC_AN_UNKNOWN);
    gives_tx(bench, 3, TRANSIT_SEALED_IN_AN1, 1, TRANSIT_OUT);
    bench_stop(bench);
}

static void macsec_4_6_a_packet_number_is_accepted_once(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_tx(bench, 3, TRANSIT_SEALED_IN_2, 1, TRANSIT_OUT);
    gives_fate(bench, 3, TRANSIT_SEALED_IN_2, MACSEC_REPLAY);
    gives_fate(bench, 3, TRANSIT_SEALED_IN, MACSEC_REPLAY);
    gives_tx(bench, 3, TRANSIT_SEALED_LAST, 1, TRANSIT_OUT);
    gives_fate(bench, 3, TRANSIT_SEALED_LAST, MACSEC_REPLAY);
    bench_stop(bench);
}

static void macsec_5_every_octet_is_authenticated(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    uint32_t length;
    uint8_t *frame = octets(TRANSIT_SEALED_IN, &length);
    (void)state;
    for (uint32_t at = 0; at < length; at++) {
        if (at >= 12 && at < 28) /* what MACSEC-1 to MACSEC-4 read; AN and PN below */
            continue;
        frame[at] ^= 0x01;
        give_octets(bench, 3, frame, length);
        expect_fate(bench, MACSEC_ICV);
        frame[at] ^= 0x01;
    }
    frame[18] = 0x01; /* PN 257: another IV and AAD */
    give_octets(bench, 3, frame, length);
    expect_fate(bench, MACSEC_ICV);
    frame[18] = 0;
    frame[14] ^= 0x01; /* AN 1: another key */
    give_octets(bench, 3, frame, length);
    expect_fate(bench, MACSEC_ICV);
    free(frame);
    /* None of that moved the lowest acceptable PN. */
    gives_tx(bench, 3, TRANSIT_SEALED_IN, 1, TRANSIT_OUT);
    bench_stop(bench);
}

static void macsec_6_an_opened_frame_longer_than_the_mtu(void **state)
{
    struct bench *bench = bench_start("leaf", "\"mtu\":1668", "\"mtu\":68", NULL);
    (void)state;
    gives_tx(bench, 3, TRANSIT_SEALED_IN, 1, TRANSIT_OUT); /* 46 octets behind the header */
    gives_fate(bench, 3, BIG_SEALED_IN, FRAME_OVERSIZE);
    /* It was authentic: its packet number is used up. */
    gives_fate(bench, 3, TRANSIT_SEALED_IN_2, MACSEC_REPLAY);
    bench_stop(bench);
}

static void macsec_7_seals_with_rising_numbers(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN1);
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN2);
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN3);
    bench_stop(bench);
}

static void macsec_7_disabled_sends_clear(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    control(bench, "{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":4,\"mode\":\"disabled\"}");
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_CLEAR);
    bench_stop(bench);
}

static void set_next(struct bench *bench, uint64_t pn)
{
    for (uint32_t i = 0; i < 2; i++)
        sec_interface(bench, i, 4)->macsec.tx[0]->sent->last = pn - 1;
}

static void macsec_7_the_last_number_is_used_and_then_none(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    set_next(bench, 0xffffffff);
    give(bench, 1, TRANSIT_TO_3);
    assert_int_equal(bench->effects.list[0].kind, ZT_EFFECT_TX);
    bench->next = 1;
    gives_fate(bench, 1, TRANSIT_TO_3, MACSEC_PN_EXHAUSTED);
    gives_fate(bench, 1, TRANSIT_TO_3, MACSEC_PN_EXHAUSTED);
    bench_stop(bench);
}

static void macsec_9_numbers_survive_a_program_that_keeps_the_association(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN1);
    gives_tx(bench, 3, TRANSIT_SEALED_IN_2, 1, TRANSIT_OUT);
    load(bench, "leaf", NULL);
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN2);
    gives_fate(bench, 3, TRANSIT_SEALED_IN, MACSEC_REPLAY);
    /* Another key is another association, and the first one is remembered while it is not there. */
    load(bench, "leaf",
         "\"tx\":{\"sci\":\"0200000001030001\",\"an\":0,\"key\":\"lab:test/0200000001030001/0\"}",
         "\"tx\":{\"sci\":\"0200000001030001\",\"an\":1,\"key\":\"lab:test/0200000001030001/1\"}",
         NULL);
    load(bench, "leaf", NULL);
    gives_tx(bench, 1, TRANSIT_TO_3, 3, TRANSIT_TO_3_PN3);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macsec_1_clear_frames_do_not_pass),
        cmocka_unit_test(macsec_2_every_bit_of_the_tag_counts),
        cmocka_unit_test(macsec_3_unknown_channel_and_association),
        cmocka_unit_test(macsec_4_6_a_packet_number_is_accepted_once),
        cmocka_unit_test(macsec_5_every_octet_is_authenticated),
        cmocka_unit_test(macsec_6_an_opened_frame_longer_than_the_mtu),
        cmocka_unit_test(macsec_7_seals_with_rising_numbers),
        cmocka_unit_test(macsec_7_disabled_sends_clear),
        cmocka_unit_test(macsec_7_the_last_number_is_used_and_then_none),
        cmocka_unit_test(macsec_9_numbers_survive_a_program_that_keeps_the_association),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
