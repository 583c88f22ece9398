/* SPDX-License-Identifier: Apache-2.0 */
/* [CTRL-7] What becomes of the kernel's routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/run/routes.h"

static struct zt_routes routes;
static struct zt_route_told told;

static struct zt_route_news news(uint8_t prefix, uint32_t metric)
{
    return (struct zt_route_news){
        .prefix = { ZT_IPV4, { 10, 200, prefix } },
        .length = 24,
        .metric = metric,
        .present = true,
        .followed = true,
    };
}

static struct zt_route_news news6(uint32_t metric)
{
    struct zt_route_news made = news(0, metric);

    made.prefix = (zt_ip){ ZT_IPV6, { 0x20, 0x01, 0x0d, 0xb8 } };
    return made;
}

static struct zt_route_news by(struct zt_route_news made, uint16_t interface, uint8_t gateway)
{
    made.members[made.count++] = (struct zt_route_member){
        .interface = interface, .weight = 1, .gateway = { ZT_IPV4, { 10, 254, 0, gateway } }
    };
    return made;
}

/* The last member has this weight. */
static struct zt_route_news weighed(struct zt_route_news made, uint16_t weight)
{
    made.members[made.count - 1].weight = weight;
    return made;
}

static struct zt_route_news gone(struct zt_route_news made)
{
    made.present = false;
    return made;
}

static struct zt_route_news not_followed(struct zt_route_news made)
{
    made.followed = false;
    made.count = 0;
    return made;
}

static struct zt_route_news replacing(struct zt_route_news made)
{
    made.replaces = true;
    return made;
}

static struct zt_route_news whole(struct zt_route_news made)
{
    made.whole = true;
    return made;
}

static struct zt_route_news dumped(struct zt_route_news made)
{
    made.dumped = true;
    return made;
}

static bool update(struct zt_route_news made)
{
    return zt_routes_update(&routes, &made);
}

/* The next change is of this many members; no other is there. */
static void expect_change(uint32_t count)
{
    struct zt_route_told more;

    assert_true(zt_routes_take_change(&routes, &told));
    assert_int_equal(told.count, count);
    assert_false(zt_routes_take_change(&routes, &more));
}

static void expect_no_change(void)
{
    assert_false(zt_routes_take_change(&routes, &told));
}

static int tear_down(void **state)
{
    (void)state;
    zt_routes_clear(&routes);
    return 0;
}

static void test_ctrl_7_route_is_told_once_and_its_end(void **state)
{
    (void)state;
    assert_true(update(by(news(1, 20), 3, 1)));
    expect_change(1);
    assert_int_equal(told.members[0].interface, 3);
    assert_int_equal(told.length, 24);
    assert_true(zt_ip_equal(told.prefix, (zt_ip){ ZT_IPV4, { 10, 200, 1 } }));
    expect_no_change();
    assert_true(update(replacing(by(news(1, 20), 3, 1))));
    expect_no_change();
    assert_true(update(gone(by(news(1, 20), 3, 1))));
    expect_change(0);
    assert_true(update(gone(by(news(1, 20), 3, 1))));
    expect_no_change();
    assert_int_equal(routes.count, 0);
}

static void test_ctrl_7_members_are_in_the_order_of_interfaces_then_gateways(void **state)
{
    struct zt_route_news made = by(by(by(by(news(1, 0), 9, 1), 3, 7), 3, 5), 256, 0);

    (void)state;
    made.members[made.count++] =
        (struct zt_route_member){ .interface = 3, .gateway = { ZT_IPV6, { 0xfe, 0x80 } } };
    update(whole(made));
    expect_change(5);
    assert_true(told.members[0].interface == 3 && told.members[0].gateway.octets[3] == 5);
    assert_true(told.members[1].interface == 3 && told.members[1].gateway.octets[3] == 7);
    assert_true(told.members[2].interface == 3 && told.members[2].gateway.family == ZT_IPV6);
    assert_int_equal(told.members[3].interface, 9);
    assert_int_equal(told.members[4].interface, 256);
    /* Another order of the same is no change. */
    made = by(by(by(by(news(1, 0), 256, 0), 3, 5), 9, 1), 3, 7);
    made.members[made.count++] =
        (struct zt_route_member){ .interface = 3, .gateway = { ZT_IPV6, { 0xfe, 0x80 } } };
    update(replacing(whole(made)));
    expect_no_change();
}

static void test_ctrl_7_another_weight_is_a_change(void **state)
{
    (void)state;
    update(whole(by(weighed(by(news(1, 0), 3, 1), 5), 4, 1)));
    expect_change(2);
    assert_int_equal(told.members[0].weight, 5);
    assert_int_equal(told.members[1].weight, 1);
    update(replacing(whole(by(weighed(by(news(1, 0), 3, 1), 5), 4, 1))));
    expect_no_change();
    update(replacing(whole(weighed(by(weighed(by(news(1, 0), 3, 1), 5), 4, 1), 256))));
    expect_change(2);
    assert_int_equal(told.members[1].weight, 256);
    /* Next hops of an IPv6 route that are told one by one: the last word counts. */
    update(weighed(by(news6(0), 3, 1), 2));
    expect_change(1);
    update(weighed(by(news6(0), 3, 1), 7));
    update(weighed(by(news6(0), 4, 1), 3));
    expect_change(2);
    assert_int_equal(told.members[0].weight, 7);
    assert_int_equal(told.members[1].weight, 3);
    /* What goes is known by interface and gateway. */
    update(gone(by(news6(0), 3, 1)));
    expect_change(1);
    assert_int_equal(told.members[0].interface, 4);
}

static void test_ctrl_7_least_metric_decides_whatever_it_is(void **state)
{
    (void)state;
    update(by(news(1, 20), 3, 1));
    expect_change(1);
    update(by(news(1, 10), 4, 1));
    expect_change(1);
    assert_int_equal(told.members[0].interface, 4);
    update(by(news(1, 30), 5, 1));
    expect_no_change();
    /* The kernel's own connected route, say. */
    update(not_followed(news(1, 0)));
    expect_change(0);
    assert_true(update(gone(not_followed(news(1, 0)))));
    expect_change(1);
    assert_int_equal(told.members[0].interface, 4);
    assert_true(update(gone(by(news(1, 10), 4, 1))));
    expect_change(1);
    assert_int_equal(told.members[0].interface, 3);
}

static void test_ctrl_7_route_that_ceases_to_be_one_is_removed(void **state)
{
    (void)state;
    update(by(news(1, 20), 3, 1));
    expect_change(1);
    update(replacing(not_followed(news(1, 20))));
    expect_change(0);
    update(replacing(by(news(1, 20), 3, 1)));
    expect_change(1);
    /* All next hops are dead. */
    update(replacing(news(1, 20)));
    expect_change(0);
}

static void test_ctrl_7_where_the_order_is_not_said_all_is_asked_for_again(void **state)
{
    (void)state;
    assert_true(update(by(news(1, 20), 3, 1)));
    /* Beside it, or before it: an append or a prepend. */
    assert_false(update(by(news(1, 20), 4, 1)));
    expect_change(1);
    assert_int_equal(told.members[0].interface, 3);
    zt_routes_begin(&routes);
    assert_true(update(dumped(by(news(1, 20), 4, 1))));
    assert_true(update(dumped(by(news(1, 20), 3, 1))));
    zt_routes_complete(&routes);
    expect_change(1);
    assert_int_equal(told.members[0].interface, 4);
    /* One of the two is gone. */
    assert_false(update(gone(by(news(1, 20), 3, 1))));
    zt_routes_begin(&routes);
    assert_true(update(dumped(by(news(1, 20), 4, 1))));
    zt_routes_complete(&routes);
    expect_no_change();
    assert_true(update(gone(by(news(1, 20), 4, 1))));
    expect_change(0);
}

static void test_ctrl_7_ipv6_next_hops_may_come_and_go_one_by_one(void **state)
{
    (void)state;
    assert_true(update(by(news6(1024), 3, 1)));
    expect_change(1);
    assert_true(update(by(news6(1024), 2, 1)));
    expect_change(2);
    assert_int_equal(told.members[0].interface, 2);
    /* As a whole, with both that are there. */
    assert_true(update(whole(by(by(by(news6(1024), 3, 1), 2, 1), 4, 1))));
    expect_change(3);
    assert_true(update(gone(by(news6(1024), 3, 1))));
    expect_change(2);
    /* One that is not there: something was missed. */
    assert_false(update(gone(by(news6(1024), 3, 1))));
    assert_true(update(gone(whole(by(by(news6(1024), 4, 1), 2, 1)))));
    expect_change(0);
    assert_int_equal(routes.count, 0);
    /* A dump may tell them one by one, too. */
    zt_routes_begin(&routes);
    update(dumped(by(news6(1024), 3, 1)));
    update(dumped(by(news6(1024), 2, 1)));
    zt_routes_complete(&routes);
    expect_change(2);
    zt_routes_begin(&routes);
    update(dumped(by(news6(1024), 2, 1)));
    zt_routes_complete(&routes);
    expect_change(1);
}

static void test_ctrl_7_more_next_hops_than_a_group_holds_are_not_followed(void **state)
{
    (void)state;
    for (uint16_t i = 1; i <= ZT_ROUTE_MEMBERS_MAX; i++)
        update(by(news6(1024), i, 1));
    expect_change(ZT_ROUTE_MEMBERS_MAX);
    update(by(news6(1024), ZT_ROUTE_MEMBERS_MAX + 1, 1));
    expect_change(0);
}

static void test_ctrl_7_what_a_dump_does_not_tell_is_gone(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 200; i++)
        update(by(news((uint8_t)i, 20), 3, 1));
    for (uint32_t i = 0; i < 200; i++)
        assert_true(zt_routes_take_change(&routes, &told));
    expect_no_change();
    zt_routes_begin(&routes);
    for (uint32_t i = 0; i < 200; i += 2)
        update(dumped(by(news((uint8_t)i, 20), 3, 1)));
    /* New while the dump goes on. */
    update(by(news(201, 20), 3, 1));
    zt_routes_complete(&routes);
    for (uint32_t i = 0; i < 101; i++) {
        assert_true(zt_routes_take_change(&routes, &told));
        assert_true(told.count == (told.prefix.octets[2] == 201));
        assert_int_equal(told.prefix.octets[2] % 2, 1);
    }
    expect_no_change();
    assert_int_equal(routes.count, 101);
}

static void test_ctrl_7_what_was_told_is_told_anew_after_all_is_forgotten(void **state)
{
    (void)state;
    update(by(news(1, 20), 3, 1));
    expect_change(1);
    zt_routes_clear(&routes);
    expect_no_change();
    update(by(news(1, 20), 3, 1));
    expect_change(1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_ctrl_7_route_is_told_once_and_its_end),
        TEST(test_ctrl_7_members_are_in_the_order_of_interfaces_then_gateways),
        TEST(test_ctrl_7_another_weight_is_a_change),
        TEST(test_ctrl_7_least_metric_decides_whatever_it_is),
        TEST(test_ctrl_7_route_that_ceases_to_be_one_is_removed),
        TEST(test_ctrl_7_where_the_order_is_not_said_all_is_asked_for_again),
        TEST(test_ctrl_7_ipv6_next_hops_may_come_and_go_one_by_one),
        TEST(test_ctrl_7_more_next_hops_than_a_group_holds_are_not_followed),
        TEST(test_ctrl_7_what_a_dump_does_not_tell_is_gone),
        TEST(test_ctrl_7_what_was_told_is_told_anew_after_all_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
