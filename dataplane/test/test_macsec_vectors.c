/* SPDX-License-Identifier: Apache-2.0 */
/* §5: known answers of IEEE 802.1AE Annex C, of the cipher alone and of the stage that frames pass. */
#include <stdio.h>

#include "test/macsec.h"
#include "test/macsec_vectors.h"

#define VECTORS (sizeof macsec_vectors / sizeof *macsec_vectors)

static uint64_t pn_of(const struct macsec_vector *vector)
{
    return zt_cipher_is_xpn(vector->cipher) ? VECTOR_PN_HIGH << 32 | vector->pn : vector->pn;
}

static void put(const char *hex, struct parcel *parcel)
{
    uint8_t *data = octets(hex, &parcel->length);
    memcpy(parcel->data, data, parcel->length);
    free(data);
}

static struct zt_sa *make_sa(const struct macsec_vector *vector, IMB_MGR *crypto)
{
    struct zt_sa *sa = zt_sa_new();
    struct parcel sci, key;
    put(vector->sci, &sci);
    put(vector->key, &key);
    memcpy(sa->sci.octets, sci.data, sizeof sa->sci.octets);
    sa->cipher = vector->cipher;
    sa->tci = vector->tci;
    sa->an = vector->an;
    sa->ssci = VECTOR_SSCI;
    assert_int_equal(key.length, zt_cipher_key_octets(vector->cipher));
    zt_sa_set_key(crypto, sa, key.data);
    return sa;
}

/* MACSEC-5, protect: addresses, SecTAG and clear text become the sealed frame. */
static void seals(const struct macsec_vector *vector, const struct zt_sa *sa,
                  const struct zt_sectag *tag)
{
    struct parcel clear, sealed, made;
    put(vector->frame, &clear);
    put(vector->sealed, &sealed);
    memcpy(made.data + tag->header - 12, clear.data, clear.length);
    zt_sa_seal(sa, pn_of(vector), made.data + tag->header - 12, tag->secure);
    assert_memory_equal(made.data, sealed.data, sealed.length);
}

/* MACSEC-5, validate: the clear text comes out, and of no frame that differs in an octet. */
static void opens(const struct macsec_vector *vector, const struct zt_sa *sa,
                  const struct zt_sectag *tag)
{
    struct parcel clear, sealed;
    uint8_t out[128];
    put(vector->frame, &clear);
    put(vector->sealed, &sealed);
    assert_true(zt_sa_open(sa, tag, pn_of(vector), 0, sealed.data, out));
    assert_memory_equal(out, clear.data + 12, tag->secure);
    for (uint32_t at = 0; at < sealed.length; at++) {
        sealed.data[at] ^= 0x10;
        assert_false(zt_sa_open(sa, tag, pn_of(vector), 0, sealed.data, out));
        sealed.data[at] ^= 0x10;
    }
    assert_false(zt_sa_open(sa, tag, pn_of(vector) + 1, 0, sealed.data, out));
}

static void check_vectors(IMB_MGR *crypto)
{
    for (uint32_t i = 0; i < VECTORS; i++) {
        const struct macsec_vector *vector = &macsec_vectors[i];
        struct zt_sa *sa = make_sa(vector, crypto);
        uint32_t header = (vector->tci & ZT_TCI_SC) != 0 ? 28 : 20;
        struct zt_sectag tag = { .tci = vector->tci,
                                 .an = vector->an,
                                 .pn = vector->pn,
                                 .header = header,
                                 .secure = (uint32_t)strlen(vector->frame) / 2 - 12 };
        seals(vector, sa, &tag);
        opens(vector, sa, &tag);
        zt_sa_free(sa);
    }
}

static void macsec_5_annex_c_by_the_cipher(void **state)
{
    IMB_MGR *crypto = alloc_mb_mgr(0);
    IMB_ARCH architecture;
    (void)state;
    assert_non_null(crypto);
    init_mb_mgr_auto(crypto, &architecture);
    if (getenv("ZT_MUTANT") != NULL)
        (void)zt_mutant_select(getenv("ZT_MUTANT"));
    check_vectors(crypto);
    /* As on a processor without it. */
    crypto->features &= ~(uint64_t)IMB_FEATURE_AVX2;
    check_vectors(crypto);
    free_mb_mgr(crypto);
}

static void write_pn(uint64_t pn, char *text)
{
    sprintf(text, "%llu", (unsigned long long)pn);
}

/* A machine whose interface 3, on port 1, is both ends of a vector. */
static struct zt_machine *machine_for(const struct macsec_vector *vector)
{
    static const char *const suites[] = { "128", "256", "xpn-128", "xpn-256" };
    char program[2400], pn[24], sa[300], ssci[30] = "", mac[18], keys_text[200];
    struct zt_error error = { 0 };
    struct zt_effects effects;
    write_pn(pn_of(vector), pn);
    if (zt_cipher_is_xpn(vector->cipher))
        snprintf(ssci, sizeof ssci, "\"ssci\":%u,", VECTOR_SSCI);
    snprintf(sa, sizeof sa, "{\"sci\":\"%s\",\"an\":%u,%s\"pn\":\"%s\",\"key\":\"x:k\"}",
             vector->sci, vector->an, ssci, pn);
    for (uint32_t i = 0; i < 6; i++)
        snprintf(mac + 3 * i, 4, "%.2s%s", vector->sci + 2 * i, i < 5 ? ":" : "");
    int length = snprintf(
        program, sizeof program,
        "{\"format\":\"ztos-program\",\"version\":1,\"node\":\"n\",\"seeds\":{\"ecmp\":0,"
        "\"sourcePort\":0},\"vrfs\":[{\"id\":0,\"name\":\"u\"}],\"interfaces\":[{\"id\":1,"
        "\"name\":\"a\",\"kind\":\"port\",\"mac\":\"02:00:00:00:00:01\",\"mtu\":1600,"
        "\"addresses\":[],\"tap\":true},{\"id\":3,\"name\":\"m\",\"kind\":\"macsec\",\"lower\":1,"
        "\"mac\":\"%s\",\"mtu\":1500,\"addresses\":[],\"vrf\":0,\"cipher\":\"gcm-aes-%s\","
        "\"mode\":\"strict\",%s%s\"replayWindow\":0,\"tx\":%s,\"rx\":[%s]}],\"tables\":{\"routes\":"
        "[],\"groups\":[],\"neighbours\":[],\"fdb\":[],\"flood\":[]}}",
        mac, suites[vector->cipher],
        (vector->tci & ZT_TCI_E) == 0 ? "\"confidentiality\":\"none\"," : "",
        (vector->tci & ZT_TCI_ES) != 0 ? "\"tag\":\"end-station\"," : "", sa, sa);
    assert_true(length > 0 && (size_t)length < sizeof program);
    snprintf(keys_text, sizeof keys_text, "{\"x:k\":\"%s\"}", vector->key);
    struct zt_keys *keys = zt_keys_parse(keys_text, strlen(keys_text), &error);
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ 0 });
    if (!zt_machine_load(machine, 0, program, (size_t)length, keys, &effects, &error))
        fail_msg("%s: %s: %s", vector->name, error.where, error.message);
    zt_keys_free(keys);
    return machine;
}

/* MACSEC-2 to MACSEC-7: the stage opens the frame, and seals it again. */
static void macsec_5_7_annex_c_by_the_stage(void **state)
{
    (void)state;
    if (getenv("ZT_MUTANT") != NULL)
        (void)zt_mutant_select(getenv("ZT_MUTANT"));
    for (uint32_t i = 0; i < VECTORS; i++) {
        const struct macsec_vector *vector = &macsec_vectors[i];
        struct zt_machine *machine = machine_for(vector);
        struct zt_macsec *macsec = &machine->program->interfaces[1].macsec;
        struct parcel clear, sealed;
        uint8_t out[200];
        put(vector->frame, &clear);
        put(vector->sealed, &sealed);
        struct zt_macsec_verdict verdict =
            zt_macsec_validate(macsec, sealed.data, sealed.length, out);
        if (verdict.fate != ZT_FATE_NONE || verdict.length != clear.length ||
            memcmp(out, clear.data, clear.length) != 0)
            fail_msg("%s: it is not opened", vector->name);
        uint32_t added = sealed.length - clear.length - ZT_MACSEC_ICV;
        memset(out, 0, sizeof out);
        memcpy(out + 40, clear.data, clear.length);
        verdict = zt_macsec_protect(macsec, out + 40, clear.length);
        if (verdict.fate != ZT_FATE_NONE || verdict.length != sealed.length ||
            memcmp(out + 40 - added, sealed.data, sealed.length) != 0)
            fail_msg("%s: the sealed frame is another", vector->name);
        zt_machine_destroy(machine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macsec_5_annex_c_by_the_cipher),
        cmocka_unit_test(macsec_5_7_annex_c_by_the_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
