/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/probe/arrivals.h"

static uint8_t data[2000];

static void add(struct zt_arrivals *arrivals, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        data[i] = (uint8_t)(arrivals->next_seq + i);
    zt_arrivals_add(arrivals, (uint32_t)arrivals->next_seq % 7, arrivals->next_seq * 10,
                    arrivals->next_seq % 3 == 0, data, length);
}

/* Everything there is, from number `first` on, is what add() made. */
static uint64_t check(const struct zt_arrivals *arrivals, uint64_t first)
{
    struct zt_arrival arrival;
    uint64_t place = 0;

    while (zt_arrivals_next(arrivals, &place, &arrival)) {
        assert_int_equal(arrival.seq, first);
        assert_int_equal(arrival.host, first % 7);
        assert_int_equal(arrival.at, first * 10);
        assert_int_equal(arrival.foreign, first % 3 == 0);
        for (uint32_t i = 0; i < arrival.length; i++)
            assert_int_equal(arrival.data[i], (uint8_t)(first + i));
        first++;
    }
    return first;
}

static void test_arrivals_come_out_as_they_went_in(void **state)
{
    struct zt_arrivals arrivals;

    (void)state;
    zt_arrivals_open(&arrivals, 1 << 16);
    for (uint32_t length = 0; length < 200; length++)
        add(&arrivals, length);
    assert_int_equal(check(&arrivals, 0), 200);
    zt_arrivals_forget(&arrivals, 50);
    assert_int_equal(check(&arrivals, 50), 200);
    zt_arrivals_forget(&arrivals, 40);
    assert_int_equal(check(&arrivals, 50), 200);
    zt_arrivals_forget(&arrivals, 1000);
    assert_int_equal(check(&arrivals, 200), 200);
    zt_arrivals_close(&arrivals);
}

static void test_what_does_not_fit_is_lost_and_nothing_is_overwritten(void **state)
{
    struct zt_arrivals arrivals;
    uint64_t kept;

    (void)state;
    zt_arrivals_open(&arrivals, 1024);
    for (int n = 0; n < 100; n++)
        add(&arrivals, 60);
    kept = check(&arrivals, 0);
    assert_true(kept > 5 && kept < 20);
    assert_int_equal(arrivals.lost, 100 - kept);
    /* Longer than the memory itself. */
    zt_arrivals_forget(&arrivals, kept);
    zt_arrivals_add(&arrivals, 0, 0, false, data, 2000);
    assert_int_equal(arrivals.lost, 101 - kept);
    add(&arrivals, 60);
    assert_int_equal(check(&arrivals, kept), kept + 1);
    zt_arrivals_close(&arrivals);
}

static void test_the_ring_goes_round_with_any_lengths(void **state)
{
    (void)state;
    for (size_t size = 4096; size < 4096 + 64; size += 8) {
        struct zt_arrivals arrivals;
        uint64_t first = 0;
        uint32_t random = 7;

        zt_arrivals_open(&arrivals, size);
        for (int n = 0; n < 3000; n++) {
            random = random * 1664525u + 1013904223u;
            add(&arrivals, random >> 16 & 255);
            if (arrivals.next_seq - first > (random >> 8 & 7)) {
                uint64_t kept = random >> 12 & 3;

                if (arrivals.next_seq - first > kept)
                    first = arrivals.next_seq - kept;
                zt_arrivals_forget(&arrivals, first);
            }
            check(&arrivals, first);
        }
        assert_int_equal(arrivals.lost, 0);
        zt_arrivals_close(&arrivals);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrivals_come_out_as_they_went_in),
        cmocka_unit_test(test_what_does_not_fit_is_lost_and_nothing_is_overwritten),
        cmocka_unit_test(test_the_ring_goes_round_with_any_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
