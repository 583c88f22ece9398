/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/run/message.h"
#include "ztos/gen/control.h"

static void feed(struct zt_message_reader *reader, const void *data, size_t length)
{
    const uint8_t *at = data;

    while (length > 0) {
        size_t room;
        uint8_t *into = zt_message_room(reader, &room);
        size_t count = room < length ? room : length;

        assert_true(room > 0);
        memcpy(into, at, count);
        zt_message_received(reader, count);
        at += count;
        length -= count;
    }
}

static void expect(struct zt_message_reader *reader, const char *wanted)
{
    const char *message;
    size_t length;

    assert_int_equal(zt_message_next(reader, &message, &length), ZT_MESSAGE_READY);
    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(message, wanted, length);
}

static void test_messages_come_out_whatever_the_pieces(void **state)
{
    static const char stream[] = "\0\0\0\3abc\0\0\0\0\0\0\0\5hello";
    const char *message;
    size_t length;

    (void)state;
    for (size_t piece = 1; piece < sizeof(stream); piece++) {
        struct zt_message_reader reader = { 0 };
        unsigned int seen = 0;

        for (size_t at = 0; at < sizeof(stream) - 1; at += piece) {
            size_t left = sizeof(stream) - 1 - at;

            feed(&reader, stream + at, left < piece ? left : piece);
            while (zt_message_next(&reader, &message, &length) == ZT_MESSAGE_READY) {
                static const char *const wanted[] = { "abc", "", "hello" };

                assert_int_equal(length, strlen(wanted[seen]));
                assert_memory_equal(message, wanted[seen], length);
                seen++;
            }
        }
        assert_int_equal(seen, 3);
        zt_message_free(&reader);
    }
}

static void test_a_length_above_the_limit_is_an_end(void **state)
{
    struct zt_message_reader reader = { 0 };
    const char *message;
    size_t length;

    (void)state;
    feed(&reader, "\1\0\0\1", 4);
    assert_int_equal(zt_message_next(&reader, &message, &length), ZT_MESSAGE_TOO_LONG);
    zt_message_free(&reader);
    feed(&reader, "\1\0\0\0", 4);
    assert_int_equal(zt_message_next(&reader, &message, &length), ZT_MESSAGE_INCOMPLETE);
    zt_message_free(&reader);
}

static void test_memory_follows_what_arrived_not_what_was_announced(void **state)
{
    struct zt_message_reader reader = { 0 };
    static char large[1 << 20];
    const char *message;
    size_t length, room;

    (void)state;
    feed(&reader, "\1\0\0\0abc", 7);
    zt_message_room(&reader, &room);
    assert_true(reader.capacity <= 4096);
    zt_message_free(&reader);
    /* And a large message leaves no large buffer. */
    feed(&reader, "\0\x10\0\0", 4);
    feed(&reader, large, sizeof(large));
    assert_int_equal(zt_message_next(&reader, &message, &length), ZT_MESSAGE_READY);
    assert_int_equal(length, sizeof(large));
    zt_message_room(&reader, &room);
    assert_true(reader.capacity <= 4096);
    feed(&reader, "\0\0\0\2ok", 6);
    expect(&reader, "ok");
    zt_message_free(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_come_out_whatever_the_pieces),
        cmocka_unit_test(test_a_length_above_the_limit_is_an_end),
        cmocka_unit_test(test_memory_follows_what_arrived_not_what_was_announced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
