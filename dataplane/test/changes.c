/* SPDX-License-Identifier: Apache-2.0 */
#include "test/changes.h"

struct bench *start_with_web1(void)
{
    struct bench *bench = bench_start("leaf", NULL);
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    pass_over(bench);
    return bench;
}

bool tables_hold(struct bench *bench, const char *text)
{
    bool found[2];
    for (uint32_t i = 0; i < 2; i++) {
        size_t length;
        char *tables = zt_machine_tables_json(bench->machines[i], bench->now, &length);
        found[i] = strstr(tables, text) != NULL;
        free(tables);
    }
    assert_int_equal(found[0], found[1]);
    return found[0];
}

bool is_answered(struct bench *bench, const char *answer)
{
    give(bench, WEB1_PORT, ARP_WEB1_WEB2);
    bool suppressed =
        bench->effects.count == 2 && bench->effects.list[0].fate == ZT_FATE_ARP_SUPPRESSED;
    if (suppressed) {
        expect_fate(bench, ARP_SUPPRESSED);
        expect_tx(bench, WEB1_PORT, answer);
    }
    pass_over(bench);
    return suppressed;
}
