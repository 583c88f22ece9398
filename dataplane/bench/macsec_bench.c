/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MACsec stage beside the bare call of the cipher, by turns in one run: 64 frames, protected and validated by a SecY, and the
 * same octets by libipsec-mb's GCM with the same key. One JSON object a line: ns a frame of both, and their ratio, median of the
 * rounds. Octets are those of Secure Data.
 */
#include "bench/macsec_bench.h"

#include <stdio.h>
#include <string.h>

#include "bench/timing.h"
#include "src/base/file.h"
#include "src/machine/macsec.h"

#define VECTOR 64u
#define ROUNDS 31u
#define ROOM 2048u
/* Octets in front of a frame, for its SecTAG. */
#define FRONT 64u
#define OWN "0200000001030001"
#define PEER "0200000002030001"

static uint8_t clear[VECTOR][ROOM], sealed[VECTOR][ROOM], opened[VECTOR][ROOM];

static void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void put(char *text, const char *at, const char *what)
{
    for (char *found = text; (found = strstr(found, at)) != NULL; found += strlen(what))
        memcpy(found, what, strlen(what));
}

static struct zt_keys *keys_of(bool is_long)
{
    static const char digits[] = "0123456789abcdef";
    char text[1024] = "{", value[65] = { 0 };
    struct zt_error error = { 0 };

    for (uint32_t i = 0; i < (is_long ? 64 : 32); i++)
        value[i] = digits[i * 7 % 16];
    for (uint32_t i = 0; i < 4; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"lab:test/%s/%u\":\"%s\"",
                 i == 0 ? "" : ",", i < 2 ? OWN : PEER, i % 2, value);
    strcat(text, "}");
    struct zt_keys *keys = zt_keys_parse(text, strlen(text), &error);
    if (keys == NULL)
        die(error.message);
    return keys;
}

/* A leaf whose port 3 is sealed; `far`: the other end of the link. */
static struct zt_machine *start(bool is_long, bool far)
{
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    struct zt_keys *keys = keys_of(is_long);
    struct zt_error error = { 0 };
    struct zt_effects effects;
    size_t length;
    char *text = (char *)zt_file_read("test/programs/leaf.json", 1 << 20, &length, &error);

    if (text == NULL)
        die(error.message);
    if (is_long)
        put(text, "gcm-aes-128", "gcm-aes-256");
    if (far) {
        put(text, OWN, "own-sci-of-this-");
        put(text, PEER, OWN);
        put(text, "own-sci-of-this-", PEER);
    }
    if (!zt_machine_load(machine, 1, text, length, keys, &effects, &error))
        die(error.message);
    zt_keys_free(keys);
    free(text);
    return machine;
}

static struct zt_macsec *secy_of(const struct zt_machine *machine)
{
    for (uint32_t i = 0; i < machine->program->interface_count; i++)
        if (zt_interface_at(machine, i)->kind == ZT_KIND_MACSEC)
            return &zt_interface_at(machine, i)->macsec;
    die("the program has no macsec interface");
    return NULL;
}

static double protect(struct zt_macsec *secy, uint32_t octets)
{
    memcpy(sealed, clear, sizeof sealed);
    double begin = zt_bench_ns();
    for (uint32_t i = 0; i < VECTOR; i++) {
        struct zt_macsec_verdict verdict =
            zt_macsec_protect(secy, sealed[i] + FRONT, ZT_MACSEC_ADDRESSES + octets);
        if (verdict.fate != ZT_FATE_NONE)
            die("a frame is not sealed");
    }
    return zt_bench_ns() - begin;
}

static double validate(struct zt_macsec *secy, uint32_t octets)
{
    uint32_t length = ZT_MACSEC_ADDRESSES + ZT_SECTAG + octets + ZT_MACSEC_ICV;
    double begin = zt_bench_ns();
    for (uint32_t i = 0; i < VECTOR; i++) {
        struct zt_macsec_verdict verdict =
            zt_macsec_validate(secy, sealed[i] + FRONT - ZT_SECTAG, length, opened[i]);
        if (verdict.fate != ZT_FATE_NONE)
            die("a frame is not opened");
    }
    return zt_bench_ns() - begin;
}

/* `call` on the same octets: IV and additional data as a frame has them, its ICV behind it. */
static double bare(const struct zt_sa *sa, aes_gcm_enc_dec_t call, bool opens, uint32_t octets)
{
    struct gcm_context_data context;
    uint8_t iv[ZT_MACSEC_IV] = { 0 }, icv[ZT_MACSEC_ICV];
    double begin = zt_bench_ns();
    for (uint32_t i = 0; i < VECTOR; i++) {
        uint8_t *frame = sealed[i] + FRONT - ZT_SECTAG, *secure = frame + 28;
        call(&sa->key, &context, opens ? opened[i] + ZT_MACSEC_ADDRESSES : secure, secure, octets,
             iv, frame, 28, opens ? icv : secure + octets, ZT_MACSEC_ICV);
    }
    return zt_bench_ns() - begin;
}

static void print(const char *suite, const char *what, uint32_t octets, double *own, double *peer)
{
    double ratios[ROUNDS];

    for (uint32_t round = 0; round < ROUNDS; round++)
        ratios[round] = own[round] / peer[round];
    printf("{\"bench\":\"macsec\",\"suite\":\"%s\",\"what\":\"%s\",\"octets\":%u,\"ns\":%.1f,"
           "\"peer\":%.1f,\"ratio\":%.3f}\n",
           suite, what, octets, zt_bench_median(own, ROUNDS), zt_bench_median(peer, ROUNDS),
           zt_bench_median(ratios, ROUNDS));
}

static void run(bool is_long, uint32_t octets, uint32_t vectors)
{
    struct zt_machine *near = start(is_long, false), *far = start(is_long, true);
    struct zt_macsec *from = secy_of(near), *to = secy_of(far);
    const struct zt_sa *out = from->tx[0], *in = to->rx[0];
    double own[2][ROUNDS] = { 0 }, peer[2][ROUNDS] = { 0 };

    for (uint32_t i = 0; i < VECTOR; i++)
        for (uint32_t k = 0; k < ROOM; k++)
            clear[i][k] = (uint8_t)(i * 31 + k * 7);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t v = 0; v < vectors; v++) {
            own[0][round] += protect(from, octets);
            own[1][round] += validate(to, octets);
            peer[0][round] += bare(out, out->encrypt, false, octets);
            peer[1][round] += bare(in, in->decrypt, true, octets);
        }
        for (uint32_t way = 0; way < 2; way++) {
            own[way][round] /= vectors * VECTOR;
            peer[way][round] /= vectors * VECTOR;
        }
    }
    print(zt_cipher_names[out->cipher], "protect", octets, own[0], peer[0]);
    print(zt_cipher_names[out->cipher], "validate", octets, own[1], peer[1]);
    zt_machine_destroy(near);
    zt_machine_destroy(far);
}

void zt_macsec_bench(uint32_t vectors)
{
    static const uint32_t lengths[] = { 64, 128, 256, 512, 1024, 1420 };

    for (uint32_t is_long = 0; is_long < 2; is_long++)
        for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            run(is_long == 1, lengths[i], vectors);
}
