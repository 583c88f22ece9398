/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: reference -> 32, 56, 64 or 88 hex digits. No error message holds anything of a value. */
#include "src/machine/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/error.h"
#include "src/base/json.h"

#define REFERENCE_MAX 200
/* A file of a million keys; more is a mistake. */
#define FILE_MAX (16 * 1024 * 1024)

struct entry {
    char reference[REFERENCE_MAX + 1];
    uint8_t length;
    uint8_t value[ZT_KEY_OCTETS_MAX];
};

struct zt_keys {
    uint32_t count;
    struct entry entries[];
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->reference, ((const struct entry *)b)->reference);
}

const uint8_t *zt_keys_find(const struct zt_keys *keys, const char *reference, uint32_t length)
{
    struct entry wanted;
    if (keys == NULL || keys->count == 0 || strlen(reference) > REFERENCE_MAX)
        return NULL;
    memcpy(wanted.reference, reference, strlen(reference) + 1);
    const struct entry *found =
        bsearch(&wanted, keys->entries, keys->count, sizeof wanted, compare);
    return found == NULL || found->length != length ? NULL : found->value;
}

void zt_keys_free(struct zt_keys *keys)
{
    if (keys == NULL)
        return;
    explicit_bzero(keys, sizeof *keys + keys->count * sizeof keys->entries[0]);
    free(keys);
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* AES-128 and AES-256, without and with salt; WireGuard's are of 32 octets too. */
static bool is_length(uint32_t octets)
{
    return octets == 16 || octets == 28 || octets == 32 || octets == 44;
}

/* Digits stand in the text as they are: an escape has none of them. */
static bool read_value(const struct zt_json *json, uint32_t node, struct entry *entry)
{
    const struct zt_json_node *string = &json->nodes[node];
    const char *digits = json->text + string->start;
    uint32_t length = (string->end - string->start) / 2;
    if (string->type != ZT_JSON_STRING || string->end - string->start != 2 * length ||
        !is_length(length))
        return false;
    entry->length = (uint8_t)length;
    for (uint32_t i = 0; i < length; i++) {
        int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        entry->value[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_entries(const struct zt_json *json, struct zt_keys *keys, struct zt_error *error)
{
    uint32_t key = zt_json_first(0);
    for (uint32_t i = 0; i < keys->count; i++) {
        uint32_t value = json->nodes[key].next;
        struct entry *entry = &keys->entries[i];
        char where[32];
        snprintf(where, sizeof where, "offset %u", json->nodes[key].start);
        if (!zt_json_string(json, key, entry->reference, sizeof entry->reference, NULL))
            return zt_error_set(error, "keys-invalid", where,
                                "a key reference has at most %d octets", REFERENCE_MAX);
        if (!read_value(json, value, entry))
            return zt_error_set(error, "keys-invalid", where,
                                "the key `%s` is not 32, 56, 64 or 88 hex digits",
                                entry->reference);
        key = json->nodes[value].next;
    }
    if (keys->count > 0)
        qsort(keys->entries, keys->count, sizeof keys->entries[0], compare);
    for (uint32_t i = 1; i < keys->count; i++)
        if (compare(&keys->entries[i - 1], &keys->entries[i]) == 0)
            return zt_error_set(error, "keys-invalid", "$", "the key `%s` is there twice",
                                keys->entries[i].reference);
    return true;
}

struct zt_keys *zt_keys_parse(const char *text, size_t length, struct zt_error *error)
{
    struct zt_json json;
    struct zt_keys *keys = NULL;

    if (!zt_json_parse(&json, text, length, error)) {
        if (error != NULL)
            error->code = "keys-invalid";
    } else if (json.nodes[0].type != ZT_JSON_OBJECT) {
        zt_error_set(error, "keys-invalid", "$",
                     "an object is wanted: reference to 32, 56, 64 or 88 hex digits");
    } else {
        keys = zt_calloc(1, sizeof *keys + json.nodes[0].count * sizeof keys->entries[0]);
        keys->count = json.nodes[0].count;
        if (!read_entries(&json, keys, error)) {
            zt_keys_free(keys);
            keys = NULL;
        }
    }
    zt_json_free(&json);
    return keys;
}

static bool check_file(int fd, const char *path, size_t *length, struct zt_error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return zt_error_set(error, "keys-unreadable", path, "cannot look at the key file: %s",
                            strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_size > FILE_MAX)
        return zt_error_set(error, "keys-unreadable", path,
                            "a key file is a regular file of at most 16 MiB");
    if ((status.st_mode & 077) != 0)
        return zt_error_set(error, "keys-exposed", path,
                            "others can read the key file (mode %04o); chmod 600 it",
                            (unsigned int)status.st_mode & 07777);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return zt_error_set(error, "keys-exposed", path, "the key file belongs to another user");
    *length = (size_t)status.st_size;
    return true;
}

static bool read_all(int fd, char *text, size_t length)
{
    for (size_t used = 0; used < length;) {
        ssize_t got = read(fd, text + used, length - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        used += (size_t)got;
    }
    return true;
}

struct zt_keys *zt_keys_read(const char *path, struct zt_error *error)
{
    struct zt_keys *keys = NULL;
    size_t length = 0;
    /* Without O_NONBLOCK a FIFO would be waited for until somebody writes to it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0) {
        zt_error_set(error, "keys-unreadable", path, "cannot open the key file: %s",
                     strerror(errno));
        return NULL;
    }
    if (check_file(fd, path, &length, error)) {
        char *text = zt_calloc(length + 1, 1);
        if (read_all(fd, text, length))
            keys = zt_keys_parse(text, length, error);
        else
            zt_error_set(error, "keys-unreadable", path, "the key file cannot be read to its end");
        explicit_bzero(text, length);
        free(text);
    }
    close(fd);
    return keys;
}
