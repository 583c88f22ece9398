/* SPDX-License-Identifier: Apache-2.0 */
/* §5, receiving: suites, kinds of SecTAG, modes and counters (MACSEC-1 to MACSEC-6, MACSEC-8). */
#include <stdio.h>

#include "test/macsec.h"

/* Host 1 is known on port 2: what goes up on interface 11 for it comes out there. */
static struct bench *start(const struct sec *sec)
{
    struct bench *bench = sec_start(sec);
    teach(bench, 2, 1);
    return bench;
}

static void goes_up(struct bench *bench, const struct sealing *how, const struct parcel *clear)
{
    give_sealed(bench, 1, how, clear);
    expect_parcel(bench, 2, clear);
    expect_end(bench);
}

static void ends_in(struct bench *bench, const struct sealing *how, const struct parcel *clear,
                    enum zt_fate fate)
{
    give_sealed(bench, 1, how, clear);
    expect_fate_of(bench, fate, "the fate of a sealed frame");
    expect_end(bench);
}

static void macsec_5_every_suite_opens_every_length(void **state)
{
    static const uint32_t lengths[] = { 2, 29, 30, 31, 47, 48, 49, 50, 51, 64, 1500, 1502 };
    static const uint8_t tags[] = { 0x2c, 0x20, 0x24 };
    (void)state;
    for (uint8_t cipher = 0; cipher < ZT_CIPHERS; cipher++) {
        struct bench *bench = start(&(struct sec){ .cipher = cipher });
        uint64_t pn = 1;
        for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            struct parcel clear = frame_between(1, 9, lengths[i]);
            for (uint32_t t = 0; t < sizeof tags; t++) {
                struct sealing how = from_peer(cipher, pn++);
                how.tci = tags[t];
                goes_up(bench, &how, &clear);
            }
        }
        bench_stop(bench);
    }
}

static void macsec_5_octets_in_front_of_an_offset_are_not_encrypted(void **state)
{
    static const char *const more[] = { "\"confidentiality\":\"offset-30\",",
                                        "\"confidentiality\":\"offset-50\"," };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct bench *bench = start(&(struct sec){ .more = more[i] });
        uint64_t pn = 1;
        for (uint32_t length = 2; length < 60; length++) {
            struct parcel clear = frame_between(1, 9, length), sealed;
            struct sealing how = from_peer(ZT_CIPHER_128, pn++);
            how.offset = i == 0 ? 30 : 50;
            goes_up(bench, &how, &clear);
            /* Clear as they are, they are authenticated. */
            how.pn = pn;
            seal_by(&how, &clear, &sealed);
            sealed.data[29] ^= 1;
            deliver(bench, 1, &sealed);
            expect_fate(bench, MACSEC_ICV);
            /* Without E there is no offset. */
            how.tci = 0x20;
            how.pn = pn++;
            goes_up(bench, &how, &clear);
        }
        bench_stop(bench);
    }
}

static void macsec_3_an_end_station_is_known_by_its_address(void **state)
{
    struct bench *bench = start(&(struct sec){ 0 });
    struct parcel clear = frame_between(1, 9, 60);
    struct sealing how = from_peer(ZT_CIPHER_128, 1);
    (void)state;
    /* The peer's SCI is its address and 0001. */
    memcpy(clear.data + 6, "\x02\x00\x00\x00\x06\x01", 6);
    how.tci = 0x4c;
    goes_up(bench, &how, &clear);
    how.tci = 0x40;
    how.pn = 2;
    goes_up(bench, &how, &clear);
    /* Of another address it is another's. */
    clear.data[11] = 2;
    how.pn = 3;
    ends_in(bench, &how, &clear, ZT_FATE_MACSEC_SCI_UNKNOWN);
    bench_stop(bench);
}

static void macsec_3_without_sci_it_is_the_only_channel(void **state)
{
    struct bench *bench = start(&(struct sec){ 0 });
    struct parcel clear = frame_between(1, 9, 60);
    struct sealing how = from_peer(ZT_CIPHER_128, 1);
    char rx[300];
    (void)state;
    how.tci = 0x0c;
    goes_up(bench, &how, &clear);
    how.an = 1;
    how.key = 2;
    goes_up(bench, &how, &clear);
    how.an = 2;
    ends_in(bench, &how, &clear, ZT_FATE_MACSEC_AN_UNKNOWN);
    bench_stop(bench);
    snprintf(rx, sizeof rx, "%s,%s", association(0, PEER, 0, 1), association(0, OTHER, 0, 2));
    bench = start(&(struct sec){ .rx = rx });
    how = from_peer(ZT_CIPHER_128, 1);
    goes_up(bench, &how, &clear);
    how.tci = 0x0c;
    how.pn = 2;
    ends_in(bench, &how, &clear, ZT_FATE_MACSEC_SCI_UNKNOWN);
    bench_stop(bench);
}

/* What comes of a frame that is no more than its description in a mode. */
struct expectation {
    const char *what;
    uint8_t tci;
    bool other_sci, wrong_icv, late;
    /* By mode: fate, ZT_FATE_NONE for what goes up. */
    enum zt_fate fates[ZT_MACSEC_MODES];
    /* The counter that is incremented, by mode: of the interface, or of the channel + 100. */
    int counters[ZT_MACSEC_MODES];
};
#define CHANNEL(name) (100 + ZT_CHANNEL_##name)
#define UP ZT_FATE_NONE

static const struct expectation expectations[] = {
    { "encrypted and right",
      0x2c,
      false,
      false,
      false,
      { UP, UP, UP },
      { CHANNEL(OK), CHANNEL(OK), CHANNEL(OK) } },
    { "clear text and right",
      0x20,
      false,
      false,
      false,
      { UP, UP, UP },
      { CHANNEL(OK), CHANNEL(OK), CHANNEL(UNCHECKED) } },
    { "changed text and right",
      0x24,
      false,
      false,
      false,
      { UP, UP, UP },
      { CHANNEL(OK), CHANNEL(OK), CHANNEL(OK) } },
    { "encrypted, of nobody",
      0x2c,
      true,
      false,
      false,
      { ZT_FATE_MACSEC_SCI_UNKNOWN, ZT_FATE_MACSEC_SCI_UNKNOWN, ZT_FATE_MACSEC_SCI_UNKNOWN },
      { ZT_MACSEC_IN_NO_SA_ERROR, ZT_MACSEC_IN_NO_SA_ERROR, ZT_MACSEC_IN_NO_SA_ERROR } },
    { "changed text, of nobody",
      0x24,
      true,
      false,
      false,
      { ZT_FATE_MACSEC_SCI_UNKNOWN, ZT_FATE_MACSEC_SCI_UNKNOWN, ZT_FATE_MACSEC_SCI_UNKNOWN },
      { ZT_MACSEC_IN_NO_SA_ERROR, ZT_MACSEC_IN_NO_SA_ERROR, ZT_MACSEC_IN_NO_SA_ERROR } },
    { "clear text, of nobody",
      0x20,
      true,
      false,
      false,
      { ZT_FATE_MACSEC_SCI_UNKNOWN, UP, UP },
      { ZT_MACSEC_IN_NO_SA_ERROR, ZT_MACSEC_IN_NO_SA, ZT_MACSEC_IN_NO_SA } },
    { "encrypted and wrong",
      0x2c,
      false,
      true,
      false,
      { ZT_FATE_MACSEC_ICV, ZT_FATE_MACSEC_ICV, ZT_FATE_MACSEC_ICV },
      { CHANNEL(NOT_VALID), CHANNEL(NOT_VALID), CHANNEL(NOT_VALID) } },
    { "changed text and wrong",
      0x24,
      false,
      true,
      false,
      { ZT_FATE_MACSEC_ICV, ZT_FATE_MACSEC_ICV, ZT_FATE_MACSEC_ICV },
      { CHANNEL(NOT_VALID), CHANNEL(NOT_VALID), CHANNEL(NOT_VALID) } },
    { "clear text and wrong",
      0x20,
      false,
      true,
      false,
      { ZT_FATE_MACSEC_ICV, UP, UP },
      { CHANNEL(NOT_VALID), CHANNEL(INVALID), CHANNEL(UNCHECKED) } },
    { "encrypted and late",
      0x2c,
      false,
      false,
      true,
      { ZT_FATE_MACSEC_REPLAY, ZT_FATE_MACSEC_REPLAY, ZT_FATE_MACSEC_REPLAY },
      { CHANNEL(LATE), CHANNEL(LATE), CHANNEL(LATE) } },
    { "clear text, wrong and late",
      0x20,
      false,
      true,
      true,
      { ZT_FATE_MACSEC_REPLAY, ZT_FATE_MACSEC_REPLAY, ZT_FATE_MACSEC_REPLAY },
      { CHANNEL(LATE), CHANNEL(LATE), CHANNEL(LATE) } },
};

static uint64_t packets(struct bench *bench)
{
    static const uint8_t of_interface[] = { ZT_MACSEC_IN_UNTAGGED, ZT_MACSEC_IN_NO_TAG,
                                            ZT_MACSEC_IN_BAD_TAG, ZT_MACSEC_IN_NO_SA,
                                            ZT_MACSEC_IN_NO_SA_ERROR };
    uint64_t sum = 0;
    for (uint32_t i = 0; i < sizeof of_interface; i++)
        sum += counter(bench, of_interface[i]);
    for (enum zt_channel_counter i = ZT_CHANNEL_UNCHECKED; i <= ZT_CHANNEL_NOT_VALID; i++)
        sum += channel_counter(bench, i);
    return sum;
}

static uint64_t counted(struct bench *bench, int which)
{
    return which >= 100 ? channel_counter(bench, (enum zt_channel_counter)(which - 100))
                        : counter(bench, (enum zt_macsec_counter)which);
}

static void give_expected(struct bench *bench, const struct expectation *expectation,
                          enum zt_macsec_mode mode, uint64_t pn)
{
    struct parcel clear = frame_between(1, 9, 60), sealed;
    struct sealing how = from_peer(ZT_CIPHER_128, expectation->late ? 5 : pn);
    uint64_t before = counted(bench, expectation->counters[mode]), sum = packets(bench);
    how.tci = expectation->tci;
    how.sci = expectation->other_sci ? OTHER : PEER;
    seal_by(&how, &clear, &sealed);
    sealed.data[sealed.length - 1] ^= expectation->wrong_icv;
    deliver(bench, 1, &sealed);
    if (expectation->fates[mode] == ZT_FATE_NONE)
        expect_parcel(bench, 2, &clear);
    else
        expect_fate_of(bench, expectation->fates[mode], expectation->what);
    expect_end(bench);
    if (counted(bench, expectation->counters[mode]) != before + 1 || packets(bench) != sum + 1)
        fail_msg("%s in mode %s is counted otherwise", expectation->what,
                 zt_macsec_mode_names[mode]);
}

static void macsec_3_to_6_modes_and_what_they_count(void **state)
{
    (void)state;
    for (enum zt_macsec_mode mode = ZT_MACSEC_STRICT; mode < ZT_MACSEC_MODES; mode++) {
        struct bench *bench = start(&(struct sec){ .mode = zt_macsec_mode_names[mode] });
        set_lowest_pn(bench, 0, 10);
        for (uint32_t i = 0; i < sizeof expectations / sizeof *expectations; i++)
            give_expected(bench, &expectations[i], mode, 10 + i);
        bench_stop(bench);
    }
}

static void macsec_1_2_clear_and_malformed_frames_by_mode(void **state)
{
    struct parcel clear = frame_between(1, 9, 60), sealed;
    struct sealing how = from_peer(ZT_CIPHER_128, 1);
    (void)state;
    for (enum zt_macsec_mode mode = ZT_MACSEC_STRICT; mode < ZT_MACSEC_MODES; mode++) {
        struct bench *bench = start(&(struct sec){ .mode = zt_macsec_mode_names[mode] });
        deliver(bench, 1, &clear);
        if (mode == ZT_MACSEC_STRICT)
            expect_fate(bench, MACSEC_CLEAR);
        else
            expect_parcel(bench, 2, &clear);
        assert_int_equal(counter(bench, ZT_MACSEC_IN_NO_TAG), mode == ZT_MACSEC_STRICT);
        assert_int_equal(counter(bench, ZT_MACSEC_IN_UNTAGGED), mode != ZT_MACSEC_STRICT);
        seal_by(&how, &clear, &sealed);
        sealed.data[15] = 40;
        deliver(bench, 1, &sealed);
        expect_fate(bench, MACSEC_TAG_INVALID);
        assert_int_equal(counter(bench, ZT_MACSEC_IN_BAD_TAG), 1);
        bench_stop(bench);
    }
}

static void macsec_2_an_extended_number_may_have_a_lower_half_of_zero(void **state)
{
    struct parcel clear = frame_between(1, 9, 60);
    struct sealing how = from_peer(ZT_CIPHER_XPN_128, UINT64_C(1) << 32);
    struct bench *bench = start(&(struct sec){ .cipher = ZT_CIPHER_XPN_128 });
    (void)state;
    set_lowest_pn(bench, 0, 0xfffffff0);
    goes_up(bench, &how, &clear);
    bench_stop(bench);
    bench = start(&(struct sec){ 0 });
    how = from_peer(ZT_CIPHER_128, 0);
    ends_in(bench, &how, &clear, ZT_FATE_MACSEC_TAG_INVALID);
    bench_stop(bench);
}

static void macsec_6_octets_are_counted_by_what_was_done(void **state)
{
    struct parcel clear = frame_between(1, 9, 60);
    struct bench *bench = start(&(struct sec){ .mode = "check" });
    struct sealing how = from_peer(ZT_CIPHER_128, 1);
    (void)state;
    goes_up(bench, &how, &clear);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_OCTETS_DECRYPTED), 60);
    how.tci = 0x20;
    how.pn = 2;
    goes_up(bench, &how, &clear);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_OCTETS_VALIDATED), 60);
    /* What does not authenticate leaves octets and packet numbers. */
    struct parcel sealed;
    how.pn = 9;
    seal_by(&how, &clear, &sealed);
    sealed.data[sealed.length - 1] ^= 1;
    deliver(bench, 1, &sealed);
    expect_parcel(bench, 2, &clear);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_OCTETS_VALIDATED), 60);
    how.pn = 3;
    goes_up(bench, &how, &clear);
    bench_stop(bench);
}

static void macsec_6_what_goes_up_holds_the_mtu(void **state)
{
    struct bench *bench = start(&(struct sec){ .mode = "check", .mtu = 100 });
    struct parcel fits = frame_between(1, 9, 102), exceeds = frame_between(1, 9, 103), sealed;
    struct sealing how = from_peer(ZT_CIPHER_128, 1);
    (void)state;
    goes_up(bench, &how, &fits);
    how.pn = 2;
    ends_in(bench, &how, &exceeds, ZT_FATE_FRAME_OVERSIZE);
    how.tci = 0x20;
    how.pn = 3;
    seal_by(&how, &exceeds, &sealed);
    sealed.data[sealed.length - 1] ^= 1; /* unprotected */
    deliver(bench, 1, &sealed);
    expect_fate(bench, FRAME_OVERSIZE);
    deliver(bench, 1, &fits);
    expect_parcel(bench, 2, &fits);
    deliver(bench, 1, &exceeds);
    expect_fate(bench, FRAME_OVERSIZE);
    assert_int_equal(counter(bench, ZT_MACSEC_IN_UNTAGGED), 2);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macsec_5_every_suite_opens_every_length),
        cmocka_unit_test(macsec_5_octets_in_front_of_an_offset_are_not_encrypted),
        cmocka_unit_test(macsec_3_an_end_station_is_known_by_its_address),
        cmocka_unit_test(macsec_3_without_sci_it_is_the_only_channel),
        cmocka_unit_test(macsec_3_to_6_modes_and_what_they_count),
        cmocka_unit_test(macsec_1_2_clear_and_malformed_frames_by_mode),
        cmocka_unit_test(macsec_2_an_extended_number_may_have_a_lower_half_of_zero),
        cmocka_unit_test(macsec_6_octets_are_counted_by_what_was_done),
        cmocka_unit_test(macsec_6_what_goes_up_holds_the_mtu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
