/* SPDX-License-Identifier: Apache-2.0 */
/* §5, packet numbers: recovery, window, their ends, and what is kept over loads (MACSEC-4, MACSEC-6, MACSEC-8, MACSEC-9). */
#include <stdio.h>

#include "test/changes.h"
#include "test/macsec.h"

static struct bench *start(const struct sec *sec)
{
    struct bench *bench = sec_start(sec);
    teach(bench, 2, 1);
    return bench;
}

static void accepts(struct bench *bench, uint8_t cipher, zt_pn pn)
{
    struct parcel clear = frame_between(1, 9, 60);
    struct sealing how = from_peer(cipher, (uint64_t)pn);
    give_sealed(bench, 1, &how, &clear);
    expect_parcel(bench, 2, &clear);
    expect_end(bench);
}

static void refuses(struct bench *bench, uint8_t cipher, zt_pn pn, enum zt_fate fate)
{
    struct parcel clear = frame_between(1, 9, 60);
    struct sealing how = from_peer(cipher, (uint64_t)pn);
    give_sealed(bench, 1, &how, &clear);
    expect_fate_of(bench, fate, "the fate of a number");
    expect_end(bench);
}

static void is_late(struct bench *bench, uint8_t cipher, zt_pn pn)
{
    refuses(bench, cipher, pn, ZT_FATE_MACSEC_REPLAY);
}

static zt_pn lowest(struct bench *bench, uint32_t index)
{
    uint64_t late = sec_interface(bench, 0, 11)->macsec.rx[index]->late;
    assert_int_equal(sec_interface(bench, 1, 11)->macsec.rx[index]->late, late);
    return (zt_pn)late + 1;
}

static zt_pn next(struct bench *bench, uint32_t index)
{
    uint64_t last = sec_interface(bench, 0, 11)->macsec.tx[index]->sent->last;
    assert_int_equal(sec_interface(bench, 1, 11)->macsec.tx[index]->sent->last, last);
    return (zt_pn)last + 1;
}

static void macsec_4_the_upper_half_is_recovered(void **state)
{
    static const struct {
        uint64_t lowest, pn;
    } cases[] = {
        { 1, 1 },
        { 1, 0xffffffff },
        { 0x7fffffff, 0xffffffff },
        { 0x80000000, 0x80000000 },
        { 0x80000000, 0x100000000 },
        { 0x80000000, 0x17fffffff },
        { 0xffffffff, 0x100000000 },
        { 0x180000000, 0x1ffffffff },
        { 0x1f0000000, 0x200000005 },
        { 0xb0df459cb2c28465, 0xb0df459cb2c28465 },
        { 0xb0df459cb2c28465, 0xb0df459d00000001 },
        { 0xfffffffeffffffff, 0xffffffff00000000 },
        { 0xffffffff80000000, 0xfffffffffffffffe },
    };
    (void)state;
    for (uint8_t cipher = ZT_CIPHER_XPN_128; cipher <= ZT_CIPHER_XPN_256; cipher++) {
        struct bench *bench = start(&(struct sec){ .cipher = cipher });
        for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            set_lowest_pn(bench, 0, cases[i].lowest);
            accepts(bench, cipher, cases[i].pn);
            assert_true(lowest(bench, 0) == (zt_pn)cases[i].pn + 1);
        }
        /* What is further behind is taken for what is ahead, and is not what was sealed. */
        set_lowest_pn(bench, 0, 0x190000000);
        is_late(bench, cipher, 0x180000001);
        refuses(bench, cipher, 0x100000001, ZT_FATE_MACSEC_ICV);
        set_lowest_pn(bench, 0, 0x100000001);
        is_late(bench, cipher, 0x200000000);
        /* The upper half ends with 2^32: what comes behind is 0. */
        set_lowest_pn(bench, 0, UINT64_C(0xffffffff80000000));
        is_late(bench, cipher, 5);
        bench_stop(bench);
    }
}

static void macsec_4_6_a_window_lets_late_frames_in(void **state)
{
    struct bench *bench = start(&(struct sec){ .window = "4" });
    (void)state;
    accepts(bench, 0, 3);
    assert_true(lowest(bench, 0) == 1);
    accepts(bench, 0, 10);
    assert_true(lowest(bench, 0) == 7);
    is_late(bench, 0, 6);
    accepts(bench, 0, 7);
    accepts(bench, 0, 7); /* a window remembers no single number */
    accepts(bench, 0, 9);
    assert_true(lowest(bench, 0) == 7);
    accepts(bench, 0, 11);
    is_late(bench, 0, 7);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_LATE), 2);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_OK), 6);
    bench_stop(bench);
    bench = start(&(struct sec){ .window = "4294967295" });
    accepts(bench, 0, 0xffffffff);
    accepts(bench, 0, 1);
    bench_stop(bench);
    bench = start(&(struct sec){ .cipher = ZT_CIPHER_XPN_128, .window = "1073741823" });
    accepts(bench, ZT_CIPHER_XPN_128, 0x7fffffff);
    assert_true(lowest(bench, 0) == 0x40000001);
    bench_stop(bench);
}

static void macsec_4_6_without_protection_late_frames_are_delayed(void **state)
{
    struct bench *bench = start(&(struct sec){ .window = "2", .more = "\"replayProtect\":false," });
    (void)state;
    accepts(bench, 0, 10);
    accepts(bench, 0, 9);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_DELAYED), 0);
    accepts(bench, 0, 8);
    accepts(bench, 0, 1);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_DELAYED), 2);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_OK), 2);
    assert_true(lowest(bench, 0) == 9);
    bench_stop(bench);
}

static void macsec_6_the_last_number_leaves_nothing_acceptable(void **state)
{
    (void)state;
    for (uint8_t cipher = 0; cipher < ZT_CIPHERS; cipher++) {
        zt_pn end = zt_pn_end(cipher);
        struct bench *bench = start(&(struct sec){ .cipher = cipher });
        set_lowest_pn(bench, 0, end - 1);
        accepts(bench, cipher, end - 1);
        assert_true(lowest(bench, 0) == end);
        is_late(bench, cipher, end - 1);
        is_late(bench, cipher, 1);
        assert_true(tables_hold(bench, zt_cipher_is_xpn(cipher) ? "\"18446744073709551616\""
                                                                : "\"4294967296\""));
        bench_stop(bench);
    }
}

static void macsec_9_a_program_that_keeps_an_association_keeps_its_numbers(void **state)
{
    struct sec sec = { 0 }, moved = { 0 };
    struct bench *bench = start(&sec);
    char rx[300], tx[200];
    (void)state;
    accepts(bench, 0, 41);
    set_next_pn(bench, 0, 51);
    sec_load(bench, &sec);
    assert_true(lowest(bench, 0) == 42 && next(bench, 0) == 51);
    /* A given number is for one that is new: of those that go on only what is sent heeds it, if it is greater. */
    snprintf(rx, sizeof rx, "%s,%s", association_with(0, PEER, 0, 1, "1000"),
             association_with(0, PEER, 2, 2, "1000"));
    snprintf(tx, sizeof tx, "%s", association_with(0, OWN, 0, 0, "49"));
    moved = (struct sec){ .rx = rx, .tx = tx };
    sec_load(bench, &moved);
    assert_true(lowest(bench, 0) == 42 && lowest(bench, 1) == 1000 && next(bench, 0) == 51);
    moved.tx = association_with(0, OWN, 0, 0, "60");
    sec_load(bench, &moved);
    assert_true(next(bench, 0) == 60);
    /* Another AN with the key is the same to who sends, another to who receives. */
    snprintf(rx, sizeof rx, "%s", association(0, PEER, 3, 1));
    moved.tx = association(0, OWN, 2, 0);
    sec_load(bench, &moved);
    assert_true(lowest(bench, 0) == 1 && next(bench, 0) == 60);
    /* What was received is forgotten with the association. */
    sec_load(bench, &sec);
    assert_true(lowest(bench, 0) == 1);
    bench_stop(bench);
}

static void macsec_9_what_was_sent_is_remembered_whatever_is_loaded(void **state)
{
    struct sec first = { 0 }, second = { .tx = association(0, OWN, 1, 3) },
               other = { .cipher = ZT_CIPHER_256 };
    struct bench *bench = start(&first);
    (void)state;
    set_next_pn(bench, 0, 77);
    sec_load(bench, &second);
    assert_true(next(bench, 0) == 1);
    set_next_pn(bench, 0, 5);
    sec_load(bench, &other);
    sec_load(bench, &other);
    assert_true(next(bench, 0) == 1);
    sec_load(bench, &first);
    assert_true(next(bench, 0) == 77);
    second.tx = association(0, OWN, 1, 3);
    sec_load(bench, &second);
    assert_true(next(bench, 0) == 5);
    /* Another SCI with the key has numbers of its own. */
    first.tx = association(0, OTHER, 0, 0);
    sec_load(bench, &first);
    assert_true(next(bench, 0) == 1);
    bench_stop(bench);
}

static void macsec_8_counters_go_on_with_what_they_count(void **state)
{
    struct sec sec = { 0 }, moved = { 0 };
    struct bench *bench = start(&sec);
    struct parcel clear = frame_between(9, 1, 60);
    char rx[300];
    (void)state;
    accepts(bench, 0, 1);
    deliver(bench, 1, &clear);
    expect_fate(bench, MACSEC_CLEAR);
    deliver(bench, 2, &clear); /* flooded, as what taught the bridge was */
    pass_over(bench);
    sec_load(bench, &sec);
    assert_int_equal(counter(bench, ZT_MACSEC_IN_NO_TAG), 1);
    assert_int_equal(counter(bench, ZT_MACSEC_OUT_OCTETS_ENCRYPTED), 120);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_OK), 1);
    assert_int_equal(transmit_counter(bench, 0, ZT_TRANSMIT_ENCRYPTED), 2);
    /* Another channel begins at 0; the interface, and its channel of old beside it, go on. */
    snprintf(rx, sizeof rx, "%s,%s", association(0, OTHER, 0, 3), association(0, PEER, 2, 3));
    moved = (struct sec){ .rx = rx, .tx = association(0, OWN, 1, 3) };
    sec_load(bench, &moved);
    assert_int_equal(counter(bench, ZT_MACSEC_IN_NO_TAG), 1);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_OK), 0);
    assert_int_equal(sec_interface(bench, 0, 11)->macsec.channels[1].counters[ZT_CHANNEL_OK], 1);
    assert_int_equal(transmit_counter(bench, 0, ZT_TRANSMIT_ENCRYPTED), 0);
    moved.rx = association(0, OTHER, 0, 3);
    moved.tx = association(0, OWN, 1, 3);
    sec_load(bench, &moved);
    sec_load(bench, &sec);
    assert_int_equal(channel_counter(bench, ZT_CHANNEL_OK), 0);
    assert_int_equal(transmit_counter(bench, 0, ZT_TRANSMIT_ENCRYPTED), 2);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macsec_4_the_upper_half_is_recovered),
        cmocka_unit_test(macsec_4_6_a_window_lets_late_frames_in),
        cmocka_unit_test(macsec_4_6_without_protection_late_frames_are_delayed),
        cmocka_unit_test(macsec_6_the_last_number_leaves_nothing_acceptable),
        cmocka_unit_test(macsec_9_a_program_that_keeps_an_association_keeps_its_numbers),
        cmocka_unit_test(macsec_9_what_was_sent_is_remembered_whatever_is_loaded),
        cmocka_unit_test(macsec_8_counters_go_on_with_what_they_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
