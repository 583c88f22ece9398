/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/run/request.h"

static struct zt_request request;
static struct zt_error error;

static bool parse(const char *text)
{
    memset(&error, 0, sizeof(error));
    return zt_request_parse(&request, text, strlen(text), &error);
}

static void refuse(const char *text, const char *code, const char *where, uint32_t id)
{
    assert_false(parse(text));
    assert_string_equal(error.code, code);
    assert_string_equal(error.where, where);
    assert_int_equal(request.id, id);
}

static void test_every_operation_is_read(void **state)
{
    (void)state;
    assert_true(parse("{\"id\":0,\"op\":\"hello\"}"));
    assert_int_equal(request.op, ZT_OP_HELLO);
    assert_true(parse(
        "{\"op\":\"load\",\"keys\":\"/a\\u0062\",\"id\":4294967295,\"program\": {\"x\":[1]} }"));
    assert_int_equal(request.op, ZT_OP_LOAD);
    assert_int_equal(request.id, UINT32_MAX);
    assert_int_equal(request.program_length, 9);
    assert_memory_equal(request.program, "{\"x\":[1]}", 9);
    assert_true(request.has_keys);
    assert_string_equal(request.keys, "/ab");
    assert_true(parse("{\"id\":1,\"op\":\"load\",\"program\":{}}"));
    assert_false(request.has_keys);
    assert_true(parse("{\"id\":1,\"op\":\"set-vni\",\"interface\":1,\"vni\":2}"));
    assert_true(parse("{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":1,\"mode\":\"strict\"}"));
    assert_true(parse("{\"id\":1,\"op\":\"set-macsec-mode\",\"interface\":1,\"mode\":\"check\","
                      "\"protect\":false}"));
    assert_true(parse("{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\"}"));
    assert_true(parse("{\"id\":1,\"op\":\"flush\",\"table\":\"fdb\",\"interface\":7}"));
    assert_true(parse("{\"id\":1,\"op\":\"advance-time\",\"ns\":9007199254740991}"));
    assert_true(request.ns == UINT64_C(9007199254740991));
    assert_true(parse("{\"id\":1,\"op\":\"capture\",\"interface\":65535,\"file\":\"x\"}"));
    assert_int_equal(request.interface, 65535);
    assert_string_equal(request.file, "x");
    assert_true(parse("{\"id\":1,\"op\":\"capture\",\"interface\":1,\"file\":null}"));
    assert_string_equal(request.file, "");
    assert_true(parse("{\"id\":1,\"op\":\"apply\",\"changes\":[]}"));
    assert_int_equal(request.op, ZT_OP_APPLY);
    assert_false(request.has_keys || request.names_keys);
    assert_int_equal(request.changes_length, 2);
    assert_true(parse("{\"id\":1,\"keys\":\"/k\",\"changes\": [{\"to\":null,\"table\":\"fdb\"},"
                      "{\"table\":\"p\\u0065er\"} ] ,\"op\":\"apply\"}"));
    assert_true(request.has_keys && request.names_keys);
    assert_string_equal(request.keys, "/k");
    assert_memory_equal(request.changes,
                        "[{\"to\":null,\"table\":\"fdb\"},{\"table\":\"p\\u0065er\"} ]",
                        request.changes_length);
    assert_true(parse("{\"id\":1,\"op\":\"apply\",\"changes\":[1,{\"x\":{\"table\":\"peer\"}},"
                      "{\"table\":[\"peer\"]}]}"));
    assert_false(request.names_keys);
    assert_true(parse("{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":"
                      "\"receive-association\"}]}"));
    assert_true(request.names_keys && !request.has_keys);
    assert_true(parse("{\"id\":1,\"op\":\"apply\",\"changes\":[{\"table\":\"route\"},{\"table\":"
                      "\"transmit-association\"}]}"));
    assert_true(request.names_keys);
    assert_true(parse("{\"id\":1,\"op\":\"learned\"}"));
    assert_true(request.op == ZT_OP_LEARNED && !request.has_since && request.wait == 0);
    assert_true(parse("{\"id\":1,\"op\":\"learned\",\"since\":9007199254740991,\"wait\":60000}"));
    assert_true(request.has_since && request.since == UINT64_C(9007199254740991) &&
                request.wait == 60000);
    assert_true(parse("{\"id\":1,\"op\":\"program\"}"));
    assert_true(parse("{\"id\":1,\"op\":\"tables\"}"));
    assert_true(parse("{\"id\":1,\"op\":\"stats\"}"));
    assert_true(parse("{\"id\":1,\"op\":\"sync\"}"));
    assert_true(parse("{\"id\":1,\"op\":\"shutdown\"}"));
    assert_int_equal(request.op, ZT_OP_SHUTDOWN);
}

static void test_what_is_wrong_is_named_with_the_id(void **state)
{
    (void)state;
    refuse("[]", "request-invalid", "/", 0);
    refuse("{}", "request-invalid", "/id", 0);
    refuse("{\"id\":5}", "request-invalid", "/op", 5);
    refuse("{\"id\":5,\"op\":1}", "request-invalid", "/op", 5);
    refuse("{\"id\":5,\"op\":\"hell\"}", "request-invalid", "/op", 5);
    refuse("{\"op\":\"hello\",\"x\":1,\"id\":5}", "request-invalid", "/", 5);
    refuse("{\"op\":\"hello\",\"op\":\"sync\",\"id\":5}", "request-invalid", "/op", 5);
    refuse("{\"id\":5,\"op\":\"hello\",\"vni\":1}", "request-invalid", "/vni", 5);
    refuse("{\"id\":5,\"op\":\"set-vni\",\"vni\":1}", "request-invalid", "/interface", 5);
    refuse("{\"id\":5,\"op\":\"load\",\"program\":\"{}\"}", "request-invalid", "/program", 5);
    refuse("{\"id\":5,\"op\":\"load\",\"program\":{},\"keys\":\"\"}", "request-invalid", "/keys",
           5);
    refuse("{\"id\":5,\"op\":\"load\",\"program\":{},\"keys\":\"a\\u0000b\"}", "request-invalid",
           "/keys", 5);
    refuse("{\"id\":5,\"op\":\"advance-time\",\"ns\":9007199254740992}", "request-invalid", "/ns",
           5);
    refuse("{\"id\":5,\"op\":\"advance-time\",\"ns\":\"1\"}", "request-invalid", "/ns", 5);
    refuse("{\"id\":5,\"op\":\"capture\",\"interface\":0,\"file\":null}", "request-invalid",
           "/interface", 5);
    refuse("{\"id\":5,\"op\":\"capture\",\"interface\":1,\"file\":1}", "request-invalid", "/file",
           5);
    refuse("{\"id\":5,\"op\":\"apply\"}", "request-invalid", "/changes", 5);
    refuse("{\"id\":5,\"op\":\"apply\",\"changes\":\"[]\"}", "request-invalid", "/changes", 5);
    refuse("{\"id\":5,\"op\":\"apply\",\"changes\":[],\"keys\":1}", "request-invalid", "/keys", 5);
    refuse("{\"id\":5,\"op\":\"apply\",\"changes\":[],\"table\":\"fdb\"}", "request-invalid",
           "/table", 5);
    refuse("{\"id\":5,\"op\":\"learned\",\"since\":-1}", "request-invalid", "/since", 5);
    refuse("{\"id\":5,\"op\":\"learned\",\"since\":1,\"wait\":60001}", "request-invalid", "/wait",
           5);
    refuse("{\"id\":5,\"op\":\"learned\",\"wait\":\"1\"}", "request-invalid", "/wait", 5);
    refuse("{\"id\":1.5,\"op\":\"hello\"}", "request-invalid", "/id", 0);
    refuse("{\"id\":4294967296,\"op\":\"hello\"}", "request-invalid", "/id", 0);
    assert_false(parse("{\"id\":5,\"op\":\"hello\"} x"));
    assert_string_equal(error.code, "json-invalid");
}

static void test_paths_longer_than_the_limit_are_refused(void **state)
{
    static char text[ZT_REQUEST_PATH_MAX + 100];
    static char path[ZT_REQUEST_PATH_MAX + 1];

    (void)state;
    memset(path, 'a', ZT_REQUEST_PATH_MAX);
    snprintf(text, sizeof(text), "{\"id\":5,\"op\":\"capture\",\"interface\":1,\"file\":\"%s\"}",
             path);
    refuse(text, "request-invalid", "/file", 5);
    path[ZT_REQUEST_PATH_MAX - 1] = '\0';
    snprintf(text, sizeof(text), "{\"id\":5,\"op\":\"capture\",\"interface\":1,\"file\":\"%s\"}",
             path);
    assert_true(parse(text));
}

static void test_answers_are_json_whatever_the_message_holds(void **state)
{
    struct zt_text answer = { 0 };
    struct zt_error odd = { .code = "odd", .where = "/a\"b", .message = "line\nbreak \\ quote \"" };

    (void)state;
    zt_answer_error(&answer, 7, &odd);
    assert_string_equal(answer.data,
                        "{\"id\":7,\"ok\":false,\"code\":\"odd\",\"message\":\"/a\\\"b: "
                        "line\\u000abreak \\\\ quote \\\"\"}");
    free(answer.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_is_read),
        cmocka_unit_test(test_what_is_wrong_is_named_with_the_id),
        cmocka_unit_test(test_paths_longer_than_the_limit_are_refused),
        cmocka_unit_test(test_answers_are_json_whatever_the_message_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
