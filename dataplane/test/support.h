/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine under test, twice: with the flow cache and without. Every input goes to both and must have the same effects, which
 * are then expected one by one.
 */
#ifndef ZTOS_TEST_SUPPORT_H
#define ZTOS_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/machine/internal.h"
#include "test/frames.h"
#include "ztos/machine.h"

#define SECOND UINT64_C(1000000000)

struct bench {
    /* Without and with cache. */
    struct zt_machine *machines[2];
    uint64_t now;
    /* Effects of the last input, and the next that is to be expected. */
    struct zt_effects effects;
    uint32_t next;
    char *program;
};

/* test/programs/NAME.json, with each `from` replaced by the `to` behind it; the list ends with NULL. */
struct bench *bench_start(const char *name, ...) __attribute__((sentinel));
/* A program's text, which is the bench's from here on. */
struct bench *bench_start_text(char *program);
void bench_stop(struct bench *bench);
/* The text of a program file with replacements, to be freed. */
char *bench_program(const char *name, va_list replacements);

/* Inputs. What the input before left unexpected fails the test. */
void give(struct bench *bench, uint16_t port, const char *hex);
void give_octets(struct bench *bench, uint16_t port, const uint8_t *data, uint32_t length);
void punt_octets(struct bench *bench, uint16_t port, const uint8_t *data, uint32_t length);
/* WG-4: wall time in ns, and 32 times the same octet. */
void seed(struct bench *bench, uint64_t wall, uint8_t entropy);
void punt_in(struct bench *bench, uint16_t port, const char *hex);
void tick(struct bench *bench);
void neighbour(struct bench *bench, uint16_t interface, bool present, const char *mac,
               const char *address);
/* An operation that must succeed; one that must be refused with this code. */
void control(struct bench *bench, const char *json);
void control_refused(struct bench *bench, const char *json, const char *code);
void load(struct bench *bench, const char *name, ...) __attribute__((sentinel));
void load_text(struct bench *bench, const char *text);

void expect_tx(struct bench *bench, uint16_t port, const char *hex);
void expect_punt(struct bench *bench, uint16_t port, const char *hex);
void expect_fate_of(struct bench *bench, enum zt_fate fate, const char *name);
#define expect_fate(bench, fate) expect_fate_of((bench), ZT_FATE_##fate, #fate)
/* What is left of the last input's effects is of no interest. */
void pass_over(struct bench *bench);
/* No more effects of the last input. */
void expect_end(struct bench *bench);
/* The single effect of an input. */
#define gives_tx(bench, port, hex, out, out_hex) \
    (give((bench), (port), (hex)), expect_tx((bench), (out), (out_hex)), expect_end(bench))
#define gives_fate(bench, port, hex, fate) \
    (give((bench), (port), (hex)), expect_fate((bench), fate), expect_end(bench))

/* Frames settled by the cache so far. */
uint64_t cache_hits(const struct bench *bench);

/* Octets of a hex text; white space is skipped. To be freed. */
uint8_t *octets(const char *hex, uint32_t *length);
/* The keys of the test programs. */
struct zt_keys *test_keys(void);

#endif
