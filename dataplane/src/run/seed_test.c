/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "src/run/seed.h"

#define SECOND UINT64_C(1000000000)
#define DAY (86400 * SECOND)

static void test_a_seed_is_wall_time_and_entropy_of_its_own(void **state)
{
    uint8_t one[ZT_SEED_OCTETS] = { 0 }, two[ZT_SEED_OCTETS] = { 0 };
    uint64_t before, wall;

    (void)state;
    before = (uint64_t)time(NULL) * SECOND;
    assert_true(zt_seed_draw(one, 0));
    /* CTRL-4: the machine's clock is a day ahead, and so is its time of day. */
    assert_true(zt_seed_draw(two, DAY));
    memcpy(&wall, one, 8);
    assert_in_range(wall, before, before + 60 * SECOND);
    memcpy(&wall, two, 8);
    assert_in_range(wall, before + DAY, before + DAY + 60 * SECOND);
    for (unsigned int at = 8; at < ZT_SEED_OCTETS; at += 8) {
        assert_memory_not_equal(one + at, two + at, 8);
        assert_memory_not_equal(one + at, (uint8_t[8]){ 0 }, 8);
    }
}

static void test_a_clock_that_was_set_is_told_from_one_that_goes(void **state)
{
    int64_t before = zt_wall_offset();

    (void)state;
    assert_false(zt_wall_is_set(before, zt_wall_offset()));
    assert_true(zt_wall_is_set(before, before + 20000000));
    assert_true(zt_wall_is_set(before, before - 20000000));
    assert_false(zt_wall_is_set(before, before - 5000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_seed_is_wall_time_and_entropy_of_its_own),
        cmocka_unit_test(test_a_clock_that_was_set_is_told_from_one_that_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
