/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/run/stats_file.h"

#define ENTRIES 16
#define ROUNDS 20000
/* So that some copies hit a round and some do not. */
#define PAUSE 200

static char path[] = "/tmp/zt-stats-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(path) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(path);
}

static void test_page_is_private_and_begins_as_the_header_says(void **state)
{
    char name[64];
    struct zt_stats_file file;
    struct zt_failure failure;
    struct stat status;
    uint64_t head[2];
    int fd;

    (void)state;
    snprintf(name, sizeof(name), "%s/a", path);
    assert_int_equal(zt_stats_create(&file, name, ZT_STATS_PROBE, 3, &failure), 0);
    assert_int_equal(stat(name, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_size, 128 + 3 * 128);
    fd = open(name, O_RDONLY);
    assert_int_equal(read(fd, head, sizeof(head)), sizeof(head));
    assert_int_equal(head[0], 0);
    assert_memory_equal(&head[1], "ZTSTATS1", 8);
    /* A second process of the name replaces the file, and the first goes on in its own. */
    file.header->inputs = 5;
    struct zt_stats_file second;
    assert_int_equal(zt_stats_create(&second, name, ZT_STATS_ENGINE, 1, &failure), 0);
    assert_int_equal(second.header->inputs, 0);
    assert_int_equal(file.header->inputs, 5);
    zt_stats_close(&second);
    zt_stats_close(&file);
    close(fd);
    unlink(name);
}

static void test_page_without_a_file_is_in_memory(void **state)
{
    struct zt_stats_file file;
    struct zt_failure failure;

    (void)state;
    assert_int_equal(zt_stats_create(&file, NULL, ZT_STATS_ENGINE, 2, &failure), 0);
    zt_stats_begin(&file);
    file.entries[1].rx_frames = 1;
    zt_stats_end(&file, 9);
    assert_int_equal(file.header->sequence, 2);
    assert_int_equal(file.header->now, 9);
    zt_stats_close(&file);
    assert_int_equal(zt_stats_create(&file, "/no/such/folder/x", ZT_STATS_ENGINE, 2, &failure), -1);
    assert_string_equal(failure.code, "stats-file");
}

struct shared {
    struct zt_stats_file file;
    bool stop;
};

static void *write_rounds(void *context)
{
    struct shared *shared = context;

    for (uint64_t round = 1; !__atomic_load_n(&shared->stop, __ATOMIC_RELAXED); round++) {
        zt_stats_begin(&shared->file);
        shared->file.header->inputs = round;
        for (int i = 0; i < ENTRIES; i++)
            shared->file.entries[i].rx_frames = round;
        zt_stats_end(&shared->file, round);
        for (int i = 0; i < PAUSE; i++)
            __builtin_ia32_pause();
    }
    return NULL;
}

/* As a reader in another process does it: by read(), not by the map. */
static void test_copies_that_the_sequence_calls_good_are_of_one_round(void **state)
{
    static union {
        struct zt_stats_header header;
        uint8_t octets[128 + ENTRIES * 128];
    } page;
    struct shared shared = { .stop = false };
    struct zt_failure failure;
    unsigned int good = 0;
    uint64_t before, after;
    char name[64];
    pthread_t writer;
    int fd;

    (void)state;
    snprintf(name, sizeof(name), "%s/b", path);
    assert_int_equal(zt_stats_create(&shared.file, name, ZT_STATS_ENGINE, ENTRIES, &failure), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_rounds, &shared), 0);
    fd = open(name, O_RDONLY);
    for (int n = 0; n < ROUNDS; n++) {
        assert_int_equal(pread(fd, &before, 8, 0), 8);
        assert_int_equal(pread(fd, &page, sizeof(page), 0), sizeof(page));
        assert_int_equal(pread(fd, &after, 8, 0), 8);
        if (before != after || before % 2 != 0)
            continue;
        good++;
        for (int i = 0; i < ENTRIES; i++) {
            const struct zt_stats_entry *entry =
                (const struct zt_stats_entry *)(page.octets + 128 + i * 128);

            assert_int_equal(entry->rx_frames, page.header.inputs);
        }
    }
    __atomic_store_n(&shared.stop, true, __ATOMIC_RELAXED);
    pthread_join(writer, NULL);
    close(fd);
    unlink(name);
    zt_stats_close(&shared.file);
    print_message("%u of %d copies were good\n", good, ROUNDS);
    assert_true(good > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_is_private_and_begins_as_the_header_says),
        cmocka_unit_test(test_page_without_a_file_is_in_memory),
        cmocka_unit_test(test_copies_that_the_sequence_calls_good_are_of_one_round),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
