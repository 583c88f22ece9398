/* SPDX-License-Identifier: Apache-2.0 */
/* §19 WireGuard: two nodes with each other. */
#include "test/wireguard.h"

static void wg_12_14_17_a_handshake_and_data_both_ways(void **state)
{
    struct pair pair = pair_start(NULL, NULL);
    (void)state;
    shake_hands(&pair);
    for (uint32_t i = 0; i < 20; i++) {
        pass_through(pair.b, pair.a, &b_to_a);
        pass_through(pair.a, pair.b, &a_to_b);
        pass_through(pair.a, pair.b, &a_to_b_6);
    }
    assert_int_equal(cache_hits(pair.a), 0);
    assert_int_equal(cache_hits(pair.b), 0);
    pair_stop(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wg_12_14_17_a_handshake_and_data_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
