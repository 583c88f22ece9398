/* SPDX-License-Identifier: Apache-2.0 */
/* Journals, captures and replay. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/replay/capture_file.h"
#include "src/replay/replay.h"
#include "src/replay/tables_file.h"
#include "test/changes.h"

struct files {
    char in[32], out[32];
};

static int set_up(void **state)
{
    struct files *files = calloc(1, sizeof *files);
    strcpy(files->in, "/tmp/ztos-in-XXXXXX");
    strcpy(files->out, "/tmp/ztos-out-XXXXXX");
    close(mkstemp(files->in));
    close(mkstemp(files->out));
    *state = files;
    return 0;
}

static int tear_down(void **state)
{
    struct files *files = *state;
    unlink(files->in);
    unlink(files->out);
    free(files);
    return 0;
}

static void put_frame(struct zt_journal_writer *writer, uint16_t port, uint64_t now,
                      const char *hex)
{
    uint32_t length;
    uint8_t *data = octets(hex, &length);
    zt_journal_record(writer, ZT_JOURNAL_FRAME_IN, port, now, data, length);
    free(data);
}

/* A journal of inputs alone: ARP, sealed and clear frames, control, changes of tables, lost carrier, a clock, a seed, a neighbour. */
static void write_inputs(const char *path)
{
    static const char set_vni[] = "{\"id\":1,\"op\":\"set-vni\",\"interface\":13,\"vni\":11111}";
    static const char apply[] =
        APPLY(FDB(10, WEB3, TO_PORT(12, false)) "," NEIGHBOUR(14, "10.1.0.13", TO_MAC(WEB3, true)));
    static const char carrier[] = "{\"id\":0,\"op\":\"carrier\",\"interface\":1,\"up\":false}";
    static const uint8_t update[] = { 4, 1, 2, 0, 0, 0, 2, 1, 10, 254, 0, 0 };
    static const uint8_t seed[ZT_SEED_OCTETS] = { 1 };
    struct bench *bench = bench_start("leaf", NULL);
    struct zt_error error = { 0 };
    struct zt_journal_writer *writer = zt_journal_create(path, &error);
    assert_non_null(writer);
    zt_journal_record(writer, ZT_JOURNAL_PROGRAM, 0, 10, bench->program,
                      (uint32_t)strlen(bench->program));
    put_frame(writer, 11, 20, ARP_WEB1_GATEWAY);
    put_frame(writer, 11, 20, UDP_WEB1_FAR);
    put_frame(writer, 3, 21, TRANSIT_SEALED_IN);
    put_frame(writer, 11, 22, UDP_WEB1_FAR);
    put_frame(writer, 1, 22, TRANSIT_TO_3);
    zt_journal_record(writer, ZT_JOURNAL_CONTROL_IN, 0, 30, set_vni, sizeof set_vni - 1);
    put_frame(writer, 1, 31, FAR_WEB1_RECEIVED);
    zt_journal_record(writer, ZT_JOURNAL_NEIGHBOUR_IN, 1, 32, update, sizeof update);
    zt_journal_record(writer, ZT_JOURNAL_CLOCK, 0, 33, NULL, 0);
    zt_journal_record(writer, ZT_JOURNAL_SEED, 0, 33, seed, sizeof seed);
    put_frame(writer, 1, 34, FAR_WEB1_UNKNOWN_VNI);
    put_frame(writer, 11, 35, UDP_WEB1_WEB3); /* held */
    zt_journal_record(writer, ZT_JOURNAL_CONTROL_IN, 0, 36, apply, sizeof apply - 1);
    put_frame(writer, 11, 37, UDP_WEB1_WEB3);
    zt_journal_record(writer, ZT_JOURNAL_CONTROL_IN, 0, 38, carrier, sizeof carrier - 1);
    put_frame(writer, 1, 39, TRANSIT_TO_3); /* nothing comes of it */
    put_frame(writer, 11, 39, UDP_WEB1_FAR);
    assert_true(zt_journal_close(writer, &error));
    bench_stop(bench);
}

struct result {
    enum zt_replay_exit exit;
    struct zt_replay replay;
    struct zt_error error;
};

static struct result replay_octets(const uint8_t *data, size_t length, const char *out, bool cache,
                                   uint32_t vector, bool with_keys)
{
    struct result result = { 0 };
    struct zt_keys *keys = with_keys ? test_keys() : NULL;
    result.replay = (struct zt_replay){ .machine = zt_machine_create(
                                            &(struct zt_machine_options){ .cache = cache }),
                                        .keys = keys,
                                        .vector = vector };
    if (out != NULL)
        result.replay.out = zt_journal_create(out, &result.error);
    result.exit = zt_replay_journal(&result.replay, data, length, &result.error);
    if (out != NULL)
        assert_true(zt_journal_close(result.replay.out, &result.error));
    zt_machine_destroy(result.replay.machine);
    zt_keys_free(keys);
    return result;
}

static uint8_t *read_file(const char *path, size_t *length)
{
    struct zt_error error;
    uint8_t *data = zt_file_read(path, 1 << 24, length, &error);
    assert_non_null(data);
    return data;
}

/* The complete journal that the machine makes of the inputs. */
static uint8_t *complete_journal(struct files *files, size_t *length)
{
    size_t inputs_length;
    write_inputs(files->in);
    uint8_t *inputs = read_file(files->in, &inputs_length);
    struct result result = replay_octets(inputs, inputs_length, files->out, false, 1, true);
    assert_int_equal(result.exit, ZT_REPLAY_EQUAL);
    assert_int_equal(result.replay.recorded, 0);
    free(inputs);
    return read_file(files->out, length);
}

static void a_journal_replays_to_itself_in_every_mode(void **state)
{
    static const uint32_t vectors[] = { 1, 2, 7, 64, 1024 };
    struct files *files = *state;
    size_t length, again_length;
    uint8_t *journal = complete_journal(files, &length);
    for (uint32_t mode = 0; mode < 10; mode++) {
        struct result result =
            replay_octets(journal, length, files->in, mode % 2, vectors[mode / 2], true);
        assert_int_equal(result.exit, ZT_REPLAY_EQUAL);
        assert_true(result.replay.complete);
        assert_true(result.replay.recorded >= 9);
        uint8_t *again = read_file(files->in, &again_length);
        assert_int_equal(again_length, length);
        assert_memory_equal(again, journal, length);
        free(again);
    }
    struct stat status;
    assert_int_equal(stat(files->in, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    free(journal);
}

/* Offsets of the records of a type. */
static size_t find_record(const uint8_t *journal, size_t length, uint16_t type, uint32_t number)
{
    for (size_t at = 16; at < length;) {
        uint32_t payload;
        uint16_t found;
        memcpy(&payload, journal + at, 4);
        memcpy(&found, journal + at + 4, 2);
        if (found == type && number-- == 0)
            return at;
        at += 16 + payload;
    }
    fail_msg("there is no such record");
    return 0;
}

static void every_octet_of_a_recorded_output_counts(void **state)
{
    struct files *files = *state;
    size_t length;
    uint8_t *journal = complete_journal(files, &length);
    size_t at = find_record(journal, length, ZT_JOURNAL_FRAME_OUT, 1);
    uint32_t payload;
    memcpy(&payload, journal + at, 4);
    for (size_t octet = at + 16; octet < at + 16 + payload; octet += 5) {
        journal[octet] ^= 0x10;
        struct result result = replay_octets(journal, length, NULL, true, 64, true);
        assert_int_equal(result.exit, ZT_REPLAY_DIFFERENT);
        char offset[40];
        snprintf(offset, sizeof offset, "record at offset %zu", at);
        assert_non_null(strstr(result.replay.difference, offset));
        journal[octet] ^= 0x10;
    }
    journal[at + 6] = 2; /* another port */
    assert_int_equal(replay_octets(journal, length, NULL, true, 1, true).exit, ZT_REPLAY_DIFFERENT);
    journal[at + 6] = 1;
    at = find_record(journal, length, ZT_JOURNAL_FATE, 0);
    journal[at + 16]++;
    struct result result = replay_octets(journal, length, NULL, true, 1, true);
    assert_int_equal(result.exit, ZT_REPLAY_DIFFERENT);
    assert_non_null(strstr(result.replay.difference, "actual fate arp-answered"));
    free(journal);
}

static void a_journal_that_was_cut_off_is_replayed_as_far_as_it_goes(void **state)
{
    struct files *files = *state;
    size_t length;
    uint8_t *journal = complete_journal(files, &length);
    size_t program_end = find_record(journal, length, ZT_JOURNAL_FRAME_IN, 0);
    for (size_t cut = program_end; cut < length; cut += 7) {
        struct result result = replay_octets(journal, cut, NULL, true, 7, true);
        assert_int_equal(result.exit, ZT_REPLAY_EQUAL);
        assert_false(result.replay.complete);
    }
    assert_int_equal(replay_octets(journal, program_end - 1, NULL, true, 7, true).exit,
                     ZT_REPLAY_BAD_INPUT);
    free(journal);
}

static void missing_outputs_are_noticed(void **state)
{
    struct files *files = *state;
    size_t length;
    uint8_t *journal = complete_journal(files, &length);
    size_t at = find_record(journal, length, ZT_JOURNAL_FRAME_OUT, 0);
    uint32_t payload;
    uint64_t outputs;
    memcpy(&payload, journal + at, 4);
    memmove(journal + at, journal + at + 16 + payload, length - at - 16 - payload);
    length -= 16 + payload;
    assert_int_equal(replay_octets(journal, length, NULL, true, 7, true).exit,
                     ZT_REPLAY_BAD_INPUT); /* END counts */
    memcpy(&outputs, journal + length - 8, 8);
    outputs--;
    memcpy(journal + length - 8, &outputs, 8);
    assert_int_equal(replay_octets(journal, length, NULL, true, 7, true).exit, ZT_REPLAY_DIFFERENT);
    free(journal);
}

static void malformed_journals_are_refused_with_the_offset(void **state)
{
    struct files *files = *state;
    size_t length;
    uint8_t *journal = complete_journal(files, &length);
    size_t frame = find_record(journal, length, ZT_JOURNAL_FRAME_IN, 1);
    size_t seed = find_record(journal, length, ZT_JOURNAL_SEED, 0);
    const struct {
        size_t offset;
        uint8_t value;
        size_t said;
    } wrong[] = {
        { 0, 'z', 0 },                /* magic */
        { 8, 2, 8 },                  /* version */
        { 12, 1, 12 },                /* reserved word */
        { 20, 2, 20 },                /* the first record is no PROGRAM */
        { frame + 4, 9, frame + 4 },  /* unknown type */
        { frame + 3, 0xff, frame },   /* a huge length */
        { frame + 6, 77, frame + 6 }, /* no port of the program */
        { frame + 6, 0, frame + 6 },  /* no interface */
        { frame + 8, 1, frame + 8 },  /* now goes back */
        { seed, 39, seed },           /* an octet too few of entropy */
        { seed + 6, 1, seed + 6 },    /* an interface */
    };
    for (uint32_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char where[40];
        uint8_t before = journal[wrong[i].offset];
        journal[wrong[i].offset] = wrong[i].value;
        struct result result = replay_octets(journal, length, NULL, false, 7, true);
        assert_int_equal(result.exit, ZT_REPLAY_BAD_INPUT);
        assert_string_equal(result.error.code, "journal-malformed");
        snprintf(where, sizeof where, "offset %zu", wrong[i].said);
        assert_string_equal(result.error.where, where);
        journal[wrong[i].offset] = before;
    }
    assert_int_equal(replay_octets(journal, length, NULL, false, 7, false).exit,
                     ZT_REPLAY_BAD_INPUT); /* no keys */
    assert_int_equal(replay_octets(journal, 15, NULL, false, 7, true).exit, ZT_REPLAY_BAD_INPUT);
    assert_int_equal(replay_octets(journal, 16, NULL, false, 7, true).exit, ZT_REPLAY_BAD_INPUT);
    free(journal);
}

/* ---- captures */

#define LE32(a) \
    (uint8_t)(a), (uint8_t)((a) >> 8), (uint8_t)((a) >> 16), (uint8_t)((uint32_t)(a) >> 24)

static void captures_of_every_form_are_read(void **state)
{
    static const uint8_t micro[] = { 0xd4,    0xc3,    0xb2,    0xa1,    2,           0,
                                     4,       0,       LE32(0), LE32(0), LE32(65535), LE32(1),
                                     LE32(5), LE32(7), LE32(2), LE32(2), 0xaa,        0xbb };
    static const uint8_t nano_big[] = { 0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4,    0,    0,    0,
                                        0,    0,    0,    0,    0, 0, 0, 0xff, 0xff, 0,    0,
                                        0,    1,    0,    0,    0, 5, 0, 0,    0x1b, 0x58, 0,
                                        0,    0,    2,    0,    0, 0, 2, 0xaa, 0xbb };
    static const uint8_t next[] = { LE32(0x0a0d0d0a),
                                    LE32(28),
                                    LE32(0x1a2b3c4d),
                                    1,
                                    0,
                                    0,
                                    0,
                                    LE32(0xffffffff),
                                    LE32(0xffffffff),
                                    LE32(28),
                                    LE32(1),
                                    LE32(32),
                                    1,
                                    0,
                                    0,
                                    0,
                                    LE32(0),
                                    9,
                                    0,
                                    1,
                                    0,
                                    9,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    LE32(32), /* if_tsresol 9 */
                                    LE32(5),
                                    LE32(12),
                                    LE32(12), /* statistics, skipped */
                                    LE32(6),
                                    LE32(36),
                                    LE32(0),
                                    LE32(1),
                                    LE32(705032704 + 7000),
                                    LE32(2),
                                    LE32(2),
                                    0xaa,
                                    0xbb,
                                    0,
                                    0,
                                    LE32(36) };
    const struct {
        const uint8_t *data;
        size_t length;
    } files[] = { { micro, sizeof micro }, { nano_big, sizeof nano_big }, { next, sizeof next } };
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        struct zt_capture_reader reader;
        struct zt_captured captured;
        struct zt_error error = { 0 };
        if (!zt_capture_file_open(&reader, files[i].data, files[i].length, &error) ||
            zt_capture_file_next(&reader, &captured, &error) != ZT_CAPTURE_FRAME)
            fail_msg("%u: %s: %s", i, error.where, error.message);
        assert_int_equal(captured.time, 5 * SECOND + 7000);
        assert_int_equal(captured.length, 2);
        assert_int_equal(captured.frame[0], 0xaa);
        assert_int_equal(zt_capture_file_next(&reader, &captured, &error), ZT_CAPTURE_AT_END);
        /* Cut anywhere it is refused or ends early; it is never read beyond. */
        for (size_t cut = 0; cut < files[i].length; cut++) {
            uint8_t *copy = malloc(cut + 1);
            memcpy(copy, files[i].data, cut);
            if (zt_capture_file_open(&reader, copy, cut, &error))
                assert_true(zt_capture_file_next(&reader, &captured, &error) != ZT_CAPTURE_FRAME);
            free(copy);
        }
    }
}

static void captures_run_merged_by_time(void **state)
{
    struct files *files = *state;
    struct bench *bench = bench_start("leaf", NULL);
    struct zt_keys *keys = test_keys();
    struct zt_error error = { 0 };
    uint32_t lengths[2];
    uint8_t *frames[2] = { octets(ARP_WEB1_GATEWAY, &lengths[0]), octets(TRANSIT, &lengths[1]) },
            file[2][256];
    struct zt_replay_capture captures[2];
    static const uint8_t seed[ZT_SEED_OCTETS] = { 1, [39] = 2 };
    for (uint32_t i = 0; i < 2; i++) {
        const uint8_t header[] = { 0xd4,
                                   0xc3,
                                   0xb2,
                                   0xa1,
                                   2,
                                   0,
                                   4,
                                   0,
                                   LE32(0),
                                   LE32(0),
                                   LE32(65535),
                                   LE32(1),
                                   LE32(9 - i),
                                   LE32(0),
                                   LE32(lengths[i]),
                                   LE32(lengths[i]) };
        memcpy(file[i], header, sizeof header);
        memcpy(file[i] + sizeof header, frames[i], lengths[i]);
        captures[i] =
            (struct zt_replay_capture){ i == 0 ? 11 : 1, file[i], sizeof header + lengths[i] };
    }
    struct zt_replay replay = { .machine = zt_machine_create(&(struct zt_machine_options){ 0 }),
                                .keys = keys,
                                .vector = 64,
                                .seed = seed };
    replay.out = zt_journal_create(files->out, &error);
    assert_int_equal(
        zt_replay_captures(&replay, bench->program, strlen(bench->program), captures, 2, &error),
        ZT_REPLAY_EQUAL);
    assert_true(zt_journal_close(replay.out, &error));
    assert_int_equal(replay.inputs, 4);
    size_t length;
    uint8_t *journal = read_file(files->out, &length);
    /* WG-4: the seed comes behind the program, at time 0. */
    size_t at = find_record(journal, length, ZT_JOURNAL_SEED, 0);
    assert_true(at < find_record(journal, length, ZT_JOURNAL_FRAME_IN, 0));
    assert_memory_equal(journal + at + 16, seed, sizeof seed);
    /* Port 1's frame of second 8 comes before port 11's of second 9. */
    assert_int_equal(journal[find_record(journal, length, ZT_JOURNAL_FRAME_IN, 0) + 6], 1);
    assert_int_equal(journal[find_record(journal, length, ZT_JOURNAL_FRAME_IN, 1) + 6], 11);
    captures[0].port = 4;
    replay.out = NULL;
    assert_int_equal(
        zt_replay_captures(&replay, bench->program, strlen(bench->program), captures, 2, &error),
        ZT_REPLAY_BAD_INPUT);
    zt_machine_destroy(replay.machine);
    zt_keys_free(keys);
    for (uint32_t i = 0; i < 2; i++)
        free(frames[i]);
    free(journal);
    bench_stop(bench);
}

/* CTRL-9: what the machine tells of itself, its ages those at the last input. */
static void tables_are_written_as_they_are_in_the_end(void **state)
{
    struct files *files = *state;
    struct zt_keys *keys = test_keys();
    struct zt_error error = { 0 };
    size_t length, told_length, written_length;
    uint8_t *journal = complete_journal(files, &length);
    struct zt_replay replay = { .machine = zt_machine_create(&(struct zt_machine_options){ 0 }),
                                .keys = keys,
                                .vector = 64 };
    assert_int_equal(zt_replay_journal(&replay, journal, length, &error), ZT_REPLAY_EQUAL);
    assert_int_equal(replay.now, 39);
    assert_true(zt_replay_write_tables(&replay, files->in, &error));
    uint8_t *written = read_file(files->in, &written_length);
    char *told = zt_machine_tables_json(replay.machine, 39, &told_length);
    assert_int_equal(written_length, told_length);
    assert_memory_equal(written, told, told_length);
    assert_non_null(strstr(told, "\"interface\":11,\"age\":0}"));
    assert_false(zt_replay_write_tables(&replay, "/tmp", &error));
    assert_string_equal(error.code, "tables-unwritable");
    free(told);
    free(written);
    free(journal);
    zt_machine_destroy(replay.machine);
    zt_keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_journal_replays_to_itself_in_every_mode, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_octet_of_a_recorded_output_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_journal_that_was_cut_off_is_replayed_as_far_as_it_goes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(tables_are_written_as_they_are_in_the_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(missing_outputs_are_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(malformed_journals_are_refused_with_the_offset, set_up,
                                        tear_down),
        cmocka_unit_test(captures_of_every_form_are_read),
        cmocka_unit_test_setup_teardown(captures_run_merged_by_time, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
