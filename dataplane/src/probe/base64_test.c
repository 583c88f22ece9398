/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/probe/base64.h"

static long decode(const char *text, uint8_t *out, size_t size)
{
    return zt_base64_decode(text, strlen(text), out, size);
}

/* RFC 4648 section 10. */
static void test_vectors_of_the_rfc(void **state)
{
    static const char *const vectors[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct zt_text text = { 0 };
        uint8_t out[16];

        zt_base64_append(&text, (const uint8_t *)vectors[i][0], strlen(vectors[i][0]));
        assert_int_equal(text.length, strlen(vectors[i][1]));
        if (text.length > 0)
            assert_memory_equal(text.data, vectors[i][1], text.length);
        assert_int_equal(decode(vectors[i][1], out, sizeof(out)), strlen(vectors[i][0]));
        assert_memory_equal(out, vectors[i][0], strlen(vectors[i][0]));
        free(text.data);
    }
}

static void test_any_octets_go_there_and_back(void **state)
{
    uint8_t data[300], out[300];

    (void)state;
    for (size_t length = 0; length < sizeof(data); length++) {
        struct zt_text text = { 0 };

        for (size_t i = 0; i < length; i++)
            data[i] = (uint8_t)(i * 89 + length);
        zt_base64_append(&text, data, length);
        assert_int_equal(zt_base64_decode(text.data ? text.data : "", text.length, out, length),
                         length);
        assert_memory_equal(out, data, length);
        if (length > 0)
            assert_int_equal(zt_base64_decode(text.data, text.length, out, length - 1), -2);
        free(text.data);
    }
}

static void test_malformed_texts_are_refused(void **state)
{
    static const char *const wrong[] = {
        "A",    "AA",   "AAA",  "A===",  "====",      "Zg=A", "Z=g=",     "Zh==",
        "Zm9=", "Zm8-", "Zm8_", "Zm 8=", "Zm9v\n===", "=AAA", "Zg==Zg==",
    };
    uint8_t out[16];

    (void)state;
    for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(decode(wrong[i], out, sizeof(out)), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_of_the_rfc),
        cmocka_unit_test(test_any_octets_go_there_and_back),
        cmocka_unit_test(test_malformed_texts_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
