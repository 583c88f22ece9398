/* SPDX-License-Identifier: Apache-2.0 */
/* MODEL-1: the flow cache and vectors change nothing, and the main paths do use the cache. */
#include <stdio.h>

#include "test/changes.h"

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

/* The frames whose ways lead through what the changes below change. */
static const char *const main_frames[] = {
    UDP_WEB1_WEB2,    UDP_WEB2_WEB1,     FAR_WEB1_RECEIVED, WEB1_FAR,
    UDP_WEB1_FAR,     UDP_FAR_WEB1_L3,   TRANSIT,           TRANSIT_TO_3,
    FAR_WEB2_FROM_3,  FAR_WEB2_RECEIVED, UDP_WEB1_WEB3,     UDP_WEB1_DB1,
    ARP_WEB1_GATEWAY, ARP_WEB2_ANNOUNCE, ARP_WEB1_WEB2,     FAR_ARP_WEB2_ANNOUNCE,
};
#define MAIN_FRAMES (sizeof main_frames / sizeof *main_frames)

/* One of these mostly, or any: index in all_frames. */
static bool mainly;
static uint32_t draw_frame(void)
{
    if (!mainly || draw(5) == 0)
        return draw(FRAMES);
    const char *wanted = main_frames[draw(MAIN_FRAMES)];
    uint32_t which = 0;
    while (strcmp(all_frames[which], wanted) != 0)
        which++;
    return which;
}

static struct zt_input random_input(uint8_t *const *frames, const uint32_t *lengths, uint8_t *copy,
                                    uint64_t now)
{
    uint32_t kind = draw(100), which = draw_frame();
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

/* Changes among the hosts and ways of the frames; those of `to` null undo. */
static const char *const all_changes[] = {
    FDB(10, WEB2, TO_VTEP(13, "10.255.0.2", false)),
    FDB(10, WEB2, TO_PORT(11, true)),
    FDB(10, WEB2, TO_PORT(12, false)),
    FDB(10, WEB2, "null"),
    FDB(10, "02:bb:00:00:00:77", TO_VTEP(13, "10.255.0.3", false)),
    FDB(10, "02:bb:00:00:00:77", TO_VTEP(13, "10.255.0.2", true)),
    FDB(10, "02:bb:00:00:00:77", "null"),
    FDB(10, "02:bb:00:00:00:11", TO_VTEP(13, "10.255.0.3", false)),
    FDB(10, "02:bb:00:00:00:11", "null"),
    FDB(30, "02:aa:00:00:00:02", TO_VTEP(33, "10.255.0.3", true)),
    FDB(30, "02:aa:00:00:00:02", TO_VTEP(33, "10.255.0.2", false)),
    FDB(40, WEB2, TO_PORT(42, false)),
    FDB(40, WEB2, "null"),
    NEIGHBOUR(14, "10.1.0.12", TO_MAC(WEB3, false)),
    NEIGHBOUR(14, "10.1.0.12", TO_MAC(WEB2, true)),
    NEIGHBOUR(14, "10.1.0.12", "null"),
    NEIGHBOUR(14, "10.1.0.11", TO_MAC(WEB2, false)),
    NEIGHBOUR(14, "10.1.0.11", "null"),
    NEIGHBOUR(14, "10.1.0.13", TO_MAC(WEB3, false)),
    NEIGHBOUR(14, "10.1.0.13", "null"),
    NEIGHBOUR(24, "10.1.1.21", TO_MAC("02:bb:00:00:00:21", false)),
    NEIGHBOUR(34, "10.255.0.2", TO_MAC("02:aa:00:00:00:02", true)),
    NEIGHBOUR(34, "10.255.0.2", "null"),
    ROUTE(0, "10.255.0.2/32", "[" BY(2, "10.254.0.2") "]"),
    ROUTE(0, "10.255.0.2/32", "[" BY(1, "10.254.0.0") "," BY(2, "10.254.0.2") "]"),
    ROUTE(0, "10.255.0.2/32", "[" BY(1, "10.254.0.0") "]"),
    ROUTE(0, "10.255.0.2/32", "[" BY(1, "10.254.0.0") "," WEIGHED(2, "10.254.0.2", 3) "]"),
    ROUTE(0, "10.255.0.3/32", "null"),
    ROUTE(0, "10.255.0.3/32", "[" BY(4, "10.254.0.4") "]"),
    ROUTE(1, "10.1.2.0/24", "[" BY(14, "10.1.0.13") "]"),
    ROUTE(1, "10.1.2.0/24", "[" BY(34, "10.255.0.2") "]"),
    FLOOD(13, "\"10.255.0.3\""),
    FLOOD(13, "\"10.255.0.2\",\"10.255.0.3\""),
    FLOOD(13, ""),
};
#define CHANGES (sizeof all_changes / sizeof *all_changes)

static char *draw_changes(void)
{
    static char text[4096];
    uint32_t count = 1 + draw(4);
    /* Ports are without carrier for a third of the time: HASH-4 chooses again. */
    if (draw(6) == 0) {
        snprintf(text, sizeof text, "{\"id\":1,\"op\":\"carrier\",\"interface\":%u,\"up\":%s}",
                 1 + draw(3), draw(3) == 0 ? "false" : "true");
        return text;
    }
    strcpy(text, "{\"id\":1,\"op\":\"apply\",\"changes\":[");
    for (uint32_t i = 0; i < count; i++) {
        strcat(text, i == 0 ? "" : ",");
        strcat(text, all_changes[draw(CHANGES)]);
    }
    return strcat(text, "]}");
}

/* The same changes to both; they do the same. */
static void change_both(struct bench *bench, const char *text, uint64_t now)
{
    struct zt_effects effects[2];
    struct zt_error error = { 0 };
    for (uint32_t i = 0; i < 2; i++)
        if (!zt_machine_control(bench->machines[i], now, text, strlen(text), &effects[i], &error))
            fail_msg("%s: %s: %s", text, error.where, error.message);
    assert_int_equal(effects[0].count, effects[1].count);
    for (uint32_t e = 0; e < effects[0].count; e++) {
        const struct zt_effect *a = &effects[0].list[e], *b = &effects[1].list[e];
        assert_int_equal(a->kind, b->kind);
        assert_int_equal(a->interface, b->interface);
        assert_int_equal(a->length, b->length);
        if (a->length > 0)
            assert_memory_equal(a->data, b->data, a->length);
    }
}

/* What both have in their tables, in every way that they show it. */
static void same_tables(struct bench *bench, uint64_t now)
{
    char *texts[2][3];
    size_t length;
    for (uint32_t i = 0; i < 2; i++) {
        texts[i][0] = zt_machine_tables_json(bench->machines[i], now, &length);
        texts[i][1] = zt_machine_program_json(bench->machines[i], &length);
        texts[i][2] = zt_machine_learned_json(bench->machines[i], now, &length);
    }
    assert_int_equal(zt_machine_learned_version(bench->machines[0], now),
                     zt_machine_learned_version(bench->machines[1], now));
    for (uint32_t i = 0; i < 3; i++) {
        assert_string_equal(texts[0][i], texts[1][i]);
        free(texts[0][i]);
        free(texts[1][i]);
    }
}

/* Vectors of any size up to 64, or of `size`; with changes of tables between them, or without. */
static void compare_vectors(uint32_t vectors, uint32_t size, bool changes)
{
    struct bench *bench =
        bench_start("leaf", "\"name\":\"br10\",\"kind\":\"bridge\",",
                    "\"name\":\"br10\",\"kind\":\"bridge\",\"snooping\":20000000000,", NULL);
    static uint8_t copies[64][2048];
    uint8_t *frames[FRAMES];
    uint32_t lengths[FRAMES];
    struct zt_input inputs[64];
    uint64_t now = bench->now;
    const char *seed = getenv("ZT_SEED");
    random_state = seed == NULL ? 20261121 : strtoull(seed, NULL, 10);
    for (uint32_t i = 0; i < FRAMES; i++)
        frames[i] = octets(all_frames[i], &lengths[i]);
    mainly = changes;
    for (uint32_t vector = 0; vector < vectors; vector++) {
        uint32_t count = size == 0 ? 1 + draw(64) : size;
        if (changes && draw(200) < count) {
            change_both(bench, draw_changes(), now);
            same_tables(bench, now);
        }
        for (uint32_t i = 0; i < count; i++) {
            if (draw(20) == 0)
                now += (uint64_t)draw(2000) * 1000000;
            inputs[i] = random_input(frames, lengths, copies[i], now);
        }
        same_effects(bench->machines[0], bench->machines[1], inputs, count);
    }
    same_tables(bench, now);
    assert_true(cache_hits(bench) > (changes ? 500 : 4000));
    for (uint32_t i = 0; i < FRAMES; i++)
        free(frames[i]);
    bench_stop(bench);
}

static void model_1_vectors_with_cache_equal_one_by_one_without(void **state)
{
    (void)state;
    compare_vectors(5000, 0, false);
}

static void model_1_ctrl_6_vectors_with_cache_see_every_change_of_tables(void **state)
{
    (void)state;
    compare_vectors(20000, 1, true);
    compare_vectors(4000, 7, true);
    compare_vectors(1500, 64, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(main_paths_are_cached),
        cmocka_unit_test(learn_1_a_cached_flow_keeps_its_source_alive),
        cmocka_unit_test(learn_3_a_move_is_seen_by_cached_flows),
        cmocka_unit_test(entries_are_evicted_not_added_for_ever),
        cmocka_unit_test(model_1_vectors_with_cache_equal_one_by_one_without),
        cmocka_unit_test(model_1_ctrl_6_vectors_with_cache_see_every_change_of_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
