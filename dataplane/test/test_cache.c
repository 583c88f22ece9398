/* SPDX-License-Identifier: Apache-2.0 */
/* MODEL-1: the flow cache and vectors change nothing, and the main paths do use the cache. */
#include <stdio.h>

#include "test/support.h"

#define WEB1_PORT 11
#define WEB2_PORT 12

/* Gives a frame twice more; the cache settles both. */
static void is_cached(struct bench *bench, uint16_t port, const char *hex, uint16_t out)
{
    uint64_t before = cache_hits(bench);
    for (uint32_t i = 0; i < 3; i++) {
        give(bench, port, hex);
        assert_int_equal(bench->effects.count, 1);
        assert_int_equal(bench->effects.list[0].kind, ZT_EFFECT_TX);
        assert_int_equal(bench->effects.list[0].interface, out);
        pass_over(bench);
    }
    assert_int_equal(cache_hits(bench), before + 2);
}

static void main_paths_are_cached(void **state)
{
    struct bench *bench = bench_start("leaf", "\"neighbours\":[",
                                      "\"neighbours\":[{\"interface\":24,\"address\":\"10.1.1.21\","
                                      "\"mac\":\"02:bb:00:00:00:21\"},",
                                      NULL);
    (void)state;
    give(bench, WEB1_PORT, ARP_WEB1_GATEWAY);
    pass_over(bench);
    give(bench, WEB2_PORT, UDP_WEB2_WEB1);
    pass_over(bench);
    give(bench, 21, BROADCAST_DB1);
    pass_over(bench);
    is_cached(bench, WEB1_PORT, UDP_WEB1_WEB2, WEB2_PORT);  /* bridged */
    is_cached(bench, WEB1_PORT, TEXT_WEB1_WEB2, WEB2_PORT); /* bridged, no IP */
    is_cached(bench, WEB1_PORT, UDP6_WEB1_WEB2, WEB2_PORT); /* bridged, IPv6 */
    is_cached(bench, 1, FAR_WEB1_RECEIVED, WEB1_PORT);      /* VXLAN to host */
    is_cached(bench, WEB1_PORT, WEB1_FAR, 1);               /* host to VXLAN */
    is_cached(bench, WEB1_PORT, UDP_WEB1_DB1, 21);          /* between networks */
    is_cached(bench, WEB1_PORT, UDP_WEB1_FAR, 1);           /* to the L3 VNI */
    is_cached(bench, 1, UDP_FAR_WEB1_L3, WEB1_PORT);        /* from the L3 VNI */
    is_cached(bench, 1, TRANSIT, 1);                        /* transit */
    is_cached(bench, 1, TRANSIT_TO_3, 3);                   /* transit, sealed */
    /* ECN is no part of the key: the flow is known. */
    gives_tx(bench, 1, FAR_WEB1_ECT0_CE, WEB1_PORT, FAR_WEB1_ECT0_BECAME_CE);
    assert_int_equal(cache_hits(bench), 21);
    bench_stop(bench);
}

static void learn_1_a_cached_flow_keeps_its_source_alive(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 42, UDP_WEB2_WEB1);
    pass_over(bench);
    for (uint32_t i = 0; i < 10; i++) { /* ageing is 5 s in this network */
        gives_tx(bench, 41, TO_STATIC, 42, TO_STATIC);
        bench->now += 4 * SECOND;
    }
    /* WEB1 was seen 4 s ago, by cached frames alone. */
    gives_tx(bench, 42, UDP_WEB2_WEB1, 41, UDP_WEB2_WEB1);
    bench_stop(bench);
}

static void learn_3_a_move_is_seen_by_cached_flows(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    (void)state;
    give(bench, 42, UDP_WEB2_WEB1);
    pass_over(bench);
    is_cached(bench, 41, UDP_WEB1_WEB2, 42);
    /* WEB1 shows up at 42 and back: the source of the flow is learned again each time. */
    give(bench, 42, TO_STATIC);
    expect_fate(bench, SAME_PORT);
    gives_tx(bench, 41, UDP_WEB1_WEB2, 42, UDP_WEB1_WEB2);
    gives_tx(bench, 42, UDP_WEB2_WEB1, 41, UDP_WEB2_WEB1);
    bench_stop(bench);
}

static void entries_are_evicted_not_added_for_ever(void **state)
{
    struct zt_machine *machine =
        zt_machine_create(&(struct zt_machine_options){ .cache = true, .cache_entries = 8 });
    struct bench *bench = bench_start("leaf", NULL);
    struct zt_keys *keys = test_keys();
    struct zt_effects effects;
    struct zt_error error;
    uint32_t length;
    uint8_t *frame = octets(ECMP_0, &length);
    (void)state;
    assert_true(zt_machine_load(machine, 0, bench->program, strlen(bench->program), keys, &effects,
                                &error));
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t port = 0; port < 200; port++) {
            struct zt_input input = {
                .kind = ZT_INPUT_FRAME, .interface = 1, .data = frame, .length = length
            };
            zt_store_u16(frame + 34, (uint16_t)port);
            effects = zt_machine_run(machine, &input, 1);
            assert_int_equal(effects.count, 1);
            assert_int_equal(effects.list[0].kind, ZT_EFFECT_TX);
        }
    }
    assert_true(zt_machine_counters(machine)->cache_misses > 500);
    free(frame);
    zt_keys_free(keys);
    zt_machine_destroy(machine);
    bench_stop(bench);
}

/* ---- any frames in any order, one by one without cache against vectors with it */

static const char *const all_frames[] = {
#define TEXT(name) name,
    FOREACH_FRAME(TEXT)
#undef TEXT
};
#define FRAMES (sizeof all_frames / sizeof *all_frames)

static uint64_t random_state;
static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

/* Mostly where the sender is, so that flows come to last. */
static uint16_t likely_port(const uint8_t *frame)
{
    static const uint16_t ports[] = { 1, 2, 3, 11, 12, 21, 41, 42, 51 };
    static const struct {
        uint8_t source[6];
        uint16_t port;
    } homes[] = {
        { { 2, 0, 0, 0, 2, 1 }, 1 },        { { 2, 0, 0, 0, 2, 2 }, 2 },
        { { 2, 0, 0, 0, 2, 3 }, 3 },        { { 2, 0xbb, 0, 0, 0, 0x11 }, 11 },
        { { 2, 0xbb, 0, 0, 0, 0x12 }, 12 }, { { 2, 0xbb, 0, 0, 0, 0x21 }, 21 },
    };
    for (uint32_t i = 0; i < sizeof homes / sizeof *homes && draw(40) != 0; i++)
        if (memcmp(frame + 6, homes[i].source, 6) == 0)
            return homes[i].port;
    return ports[draw(sizeof ports / sizeof *ports)];
}

static struct zt_input random_input(uint8_t *const *frames, const uint32_t *lengths, uint8_t *copy,
                                    uint64_t now)
{
    uint32_t kind = draw(100), which = draw(FRAMES);
    struct zt_input input = { .now = now };
    if (kind == 0) {
        input.kind = ZT_INPUT_CLOCK;
        return input;
    }
    input.kind = kind < 3 ? ZT_INPUT_PUNT : ZT_INPUT_FRAME;
    input.interface = likely_port(frames[which]);
    input.length = lengths[which];
    memcpy(copy, frames[which], input.length);
    if (draw(4) == 0) {
        static const uint8_t header_octets = 80;
        copy[draw(input.length < header_octets ? input.length : header_octets)] ^=
            (uint8_t)(1u << draw(8));
    }
    if (draw(16) == 0 && input.length > 20)
        input.length -= draw(20);
    input.data = copy;
    return input;
}

static void same_effects(struct zt_machine *plain, struct zt_machine *cached,
                         const struct zt_input *inputs, uint32_t count)
{
    struct zt_effects vector = zt_machine_run(cached, inputs, count);
    uint32_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct zt_effects single = zt_machine_run(plain, &inputs[i], 1);
        for (uint32_t e = 0; e < single.count; e++, next++) {
            assert_true(next < vector.count);
            const struct zt_effect *a = &single.list[e], *b = &vector.list[next];
            if (a->kind != b->kind || b->input != i || a->interface != b->interface ||
                a->fate != b->fate || a->length != b->length ||
                (a->length > 0 && memcmp(a->data, b->data, a->length) != 0))
                fail_msg("input %u: effect %u differs", i, e);
        }
    }
    assert_int_equal(next, vector.count);
}

static void model_1_vectors_with_cache_equal_one_by_one_without(void **state)
{
    struct bench *bench = bench_start("leaf", NULL);
    static uint8_t copies[64][2048];
    uint8_t *frames[FRAMES];
    uint32_t lengths[FRAMES];
    struct zt_input inputs[64];
    uint64_t now = bench->now;
    (void)state;
    const char *seed = getenv("ZT_SEED");
    random_state = seed == NULL ? 20261121 : strtoull(seed, NULL, 10);
    for (uint32_t i = 0; i < FRAMES; i++)
        frames[i] = octets(all_frames[i], &lengths[i]);
    for (uint32_t vector = 0; vector < 3000; vector++) {
        uint32_t count = 1 + draw(64);
        for (uint32_t i = 0; i < count; i++) {
            if (draw(20) == 0)
                now += (uint64_t)draw(2000) * 1000000;
            inputs[i] = random_input(frames, lengths, copies[i], now);
        }
        same_effects(bench->machines[0], bench->machines[1], inputs, count);
    }
    assert_true(cache_hits(bench) > 5000);
    for (uint32_t i = 0; i < FRAMES; i++)
        free(frames[i]);
    bench_stop(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(main_paths_are_cached),
        cmocka_unit_test(learn_1_a_cached_flow_keeps_its_source_alive),
        cmocka_unit_test(learn_3_a_move_is_seen_by_cached_flows),
        cmocka_unit_test(entries_are_evicted_not_added_for_ever),
        cmocka_unit_test(model_1_vectors_with_cache_equal_one_by_one_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
