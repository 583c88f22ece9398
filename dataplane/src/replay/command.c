/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/error.h"
#include "src/base/file.h"
#include "src/machine/mutant.h"
#include "src/replay/replay.h"
#include "src/replay/statistics.h"
#include "src/replay/tables_file.h"

/* Journals of hours; the whole file lies in memory while it is replayed. */
#define JOURNAL_MAX ((size_t)8 << 30)
#define CAPTURES_MAX 256u
#define VECTOR_DEFAULT 64u

static const char usage[] =
    "usage: ztos-fpe replay --journal IN [--out OUT] [options]\n"
    "       ztos-fpe replay --program FILE --pcap-in PORT=FILE... --out OUT [options]\n"
    "Runs the inputs of a journal, or frames of captures, through the machine in virtual time. "
    "Needs no privilege.\n"
    "  --journal IN        a journal; outputs that it records must be those of the machine\n"
    "  --program FILE      a NodeProgram, for captures\n"
    "  --pcap-in PORT=FILE pcap or pcapng of what arrives on the port with this interface id\n"
    "  --out OUT           write a complete journal of the inputs and the machine's outputs "
    "(0600)\n"
    "  --tables FILE       write the tables as they are in the end, as JSON (0600)\n"
    "  --keys FILE         key file (0600) for MACsec and WireGuard\n"
    "  --seed HEX64        of captures: entropy, without which WireGuard makes no handshake\n"
    "  --wall NS           of captures: wall time at their time 0, ns since the Unix epoch; 0\n"
    "  --cache on|off      flow cache; on\n"
    "  --cache-entries N   its size; 16384\n"
    "  --vector N          process up to N frames together, 1 to 1024; 64\n"
    "  --aead WAY          of ChaCha20-Poly1305: libipsec-mb, avx2, avx512-ifma; the best here\n"
    "  --stats             print counters as JSON on standard output\n"
    "  --mutant NAME       select a mutant (build of mutants only; also ZT_MUTANT)\n"
    "  --help\n"
    "Exit status: 0 equal or nothing recorded, 1 different, 2 bad input or missing keys, 4 OUT or "
    "the "
    "tables not written.\n";

struct arguments {
    const char *journal, *program, *out, *tables, *keys;
    struct {
        uint16_t port;
        const char *path;
    } captures[CAPTURES_MAX];
    uint32_t capture_count;
    struct zt_machine_options options;
    uint32_t vector;
    bool stats, help, seeded, walled;
    uint8_t seed[ZT_SEED_OCTETS];
};

enum flag {
    FLAG_JOURNAL = 256,
    FLAG_PROGRAM,
    FLAG_PCAP,
    FLAG_OUT,
    FLAG_TABLES,
    FLAG_KEYS,
    FLAG_SEED,
    FLAG_WALL,
    FLAG_CACHE,
    FLAG_ENTRIES,
    FLAG_VECTOR,
    FLAG_AEAD,
    FLAG_STATS,
    FLAG_MUTANT,
    FLAG_HELP
};

static const struct option flags[] = {
    { "journal", required_argument, NULL, FLAG_JOURNAL },
    { "program", required_argument, NULL, FLAG_PROGRAM },
    { "pcap-in", required_argument, NULL, FLAG_PCAP },
    { "out", required_argument, NULL, FLAG_OUT },
    { "tables", required_argument, NULL, FLAG_TABLES },
    { "keys", required_argument, NULL, FLAG_KEYS },
    { "seed", required_argument, NULL, FLAG_SEED },
    { "wall", required_argument, NULL, FLAG_WALL },
    { "cache", required_argument, NULL, FLAG_CACHE },
    { "cache-entries", required_argument, NULL, FLAG_ENTRIES },
    { "vector", required_argument, NULL, FLAG_VECTOR },
    { "aead", required_argument, NULL, FLAG_AEAD },
    { "stats", no_argument, NULL, FLAG_STATS },
    { "mutant", required_argument, NULL, FLAG_MUTANT },
    { "help", no_argument, NULL, FLAG_HELP },
    { NULL, 0, NULL, 0 },
};

static bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("ztos-fpe replay: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return false;
}

static bool read_number(const char *flag, const char *text, uint32_t min, uint32_t max,
                        uint32_t *value)
{
    char *end;
    size_t digits = strspn(text, "0123456789");
    unsigned long parsed = strtoul(text, &end, 10);
    if (digits == 0 || digits > 9 || *end != '\0' || parsed < min || parsed > max)
        return complain("%s wants a number in %" PRIu32 "..%" PRIu32 ", not '%.40s'", flag, min,
                        max, text);
    *value = (uint32_t)parsed;
    return true;
}

static bool has_way(const char *name)
{
    const char *way;
    for (uint32_t i = 0; (way = zt_machine_aead_way(i)) != NULL; i++)
        if (strcmp(way, name) == 0)
            return true;
    return false;
}

static bool read_capture(struct arguments *arguments, char *text)
{
    char *equals = strchr(text, '=');
    uint32_t port;
    if (equals == NULL)
        return complain("--pcap-in wants PORT=FILE, not '%.60s'", text);
    if (arguments->capture_count == CAPTURES_MAX)
        return complain("more than %u captures", CAPTURES_MAX);
    *equals = '\0';
    if (!read_number("--pcap-in", text, 1, UINT16_MAX, &port))
        return false;
    arguments->captures[arguments->capture_count].port = (uint16_t)port;
    arguments->captures[arguments->capture_count++].path = equals + 1;
    return true;
}

static bool read_entropy(struct arguments *arguments, const char *text)
{
    if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64)
        return complain("--seed wants 64 hex digits");
    for (uint32_t i = 0; i < 32; i++) {
        const char digits[] = { text[2 * i], text[2 * i + 1], '\0' };
        arguments->seed[8 + i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    arguments->seeded = true;
    return true;
}

static bool read_wall(struct arguments *arguments, const char *text)
{
    size_t length = strlen(text);
    uint64_t wall;
    if (length == 0 || length > 19 || strspn(text, "0123456789") != length)
        return complain("--wall wants nanoseconds since the Unix epoch, not '%.40s'", text);
    wall = strtoull(text, NULL, 10);
    memcpy(arguments->seed, &wall, sizeof wall);
    arguments->walled = true;
    return true;
}

static bool select_mutant(const char *name)
{
    return zt_mutant_select(name) || complain("there is no mutant '%.60s' in this build", name);
}

static bool read_flag(struct arguments *arguments, int flag)
{
    switch (flag) {
    case FLAG_JOURNAL:
        arguments->journal = optarg;
        return true;
    case FLAG_PROGRAM:
        arguments->program = optarg;
        return true;
    case FLAG_PCAP:
        return read_capture(arguments, optarg);
    case FLAG_OUT:
        arguments->out = optarg;
        return true;
    case FLAG_TABLES:
        arguments->tables = optarg;
        return true;
    case FLAG_KEYS:
        arguments->keys = optarg;
        return true;
    case FLAG_SEED:
        return read_entropy(arguments, optarg);
    case FLAG_WALL:
        return read_wall(arguments, optarg);
    case FLAG_CACHE:
        arguments->options.cache = strcmp(optarg, "on") == 0;
        return arguments->options.cache || strcmp(optarg, "off") == 0 ||
               complain("--cache is on or off, not '%.40s'", optarg);
    case FLAG_ENTRIES:
        return read_number("--cache-entries", optarg, 1, 1u << 24,
                           &arguments->options.cache_entries);
    case FLAG_AEAD:
        arguments->options.aead = optarg;
        return has_way(optarg) || complain("this processor has no way '%.40s'", optarg);
    case FLAG_VECTOR:
        return read_number("--vector", optarg, 1, ZT_REPLAY_VECTOR_MAX, &arguments->vector);
    case FLAG_STATS:
        arguments->stats = true;
        return true;
    case FLAG_MUTANT:
        return select_mutant(optarg);
    case FLAG_HELP:
        arguments->help = true;
        return true;
    default:
        return false;
    }
}

static bool read_arguments(int argc, char **argv, struct arguments *arguments)
{
    int flag;
    *arguments = (struct arguments){ .options = { .cache = true }, .vector = VECTOR_DEFAULT };
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        if (!read_flag(arguments, flag))
            return false;
    if (arguments->help)
        return true;
    if (optind < argc)
        return complain("'%.60s' is no flag", argv[optind]);
    if ((arguments->journal != NULL) == (arguments->program != NULL))
        return complain("either --journal or --program is wanted");
    if ((arguments->program != NULL) != (arguments->capture_count > 0))
        return complain("--program and --pcap-in belong together");
    if (arguments->out != NULL && arguments->tables != NULL &&
        strcmp(arguments->out, arguments->tables) == 0)
        return complain("--out and --tables are one file");
    if ((arguments->seeded && arguments->program == NULL) ||
        (arguments->walled && !arguments->seeded))
        return complain("--seed belongs to captures, --wall to --seed");
    return true;
}

static void print_error(const char *path, const struct zt_error *error)
{
    fprintf(stderr, "ztos-fpe replay: %s: %s: %s (%s)\n", path, error->where, error->message,
            error->code);
}

static bool is_file(const struct stat *wanted, const char *path)
{
    struct stat is;
    return path != NULL && stat(path, &is) == 0 && is.st_dev == wanted->st_dev &&
           is.st_ino == wanted->st_ino;
}

/* Writing over an input would destroy it. */
static bool is_input(const struct arguments *arguments, const char *path)
{
    struct stat out;
    if (path == NULL || stat(path, &out) != 0)
        return false;
    bool is = is_file(&out, arguments->journal) || is_file(&out, arguments->program) ||
              is_file(&out, arguments->keys);
    for (uint32_t i = 0; i < arguments->capture_count && !is; i++)
        is = is_file(&out, arguments->captures[i].path);
    return is && !complain("%s is an input too; what is written would destroy it", path);
}

static enum zt_replay_exit run_captures(struct zt_replay *replay, const struct arguments *arguments,
                                        const uint8_t *program, size_t length)
{
    struct zt_replay_capture *captures = zt_calloc(arguments->capture_count, sizeof *captures);
    enum zt_replay_exit result = ZT_REPLAY_EQUAL;
    struct zt_error error = { 0 };

    for (uint32_t i = 0; i < arguments->capture_count && result == ZT_REPLAY_EQUAL; i++) {
        captures[i].port = arguments->captures[i].port;
        captures[i].data =
            zt_file_read(arguments->captures[i].path, JOURNAL_MAX, &captures[i].length, &error);
        if (captures[i].data == NULL)
            result = ZT_REPLAY_BAD_INPUT;
    }
    if (result == ZT_REPLAY_EQUAL)
        result = zt_replay_captures(replay, (const char *)program, length, captures,
                                    arguments->capture_count, &error);
    if (result == ZT_REPLAY_BAD_INPUT)
        print_error(arguments->program, &error);
    for (uint32_t i = 0; i < arguments->capture_count; i++)
        free((void *)captures[i].data);
    free(captures);
    return result;
}

static enum zt_replay_exit run_journal(struct zt_replay *replay, const struct arguments *arguments,
                                       const uint8_t *data, size_t length)
{
    struct zt_error error = { 0 };
    enum zt_replay_exit result = zt_replay_journal(replay, data, length, &error);
    if (result == ZT_REPLAY_BAD_INPUT) {
        print_error(arguments->journal, &error);
        return result;
    }
    if (replay->cut_off || !replay->complete)
        fprintf(stderr, "%s: the journal was cut off; what is complete was replayed\n",
                arguments->journal);
    if (replay->different)
        fprintf(stderr, "%s: %s\n", arguments->journal, replay->difference);
    return result;
}

/* Closes OUT, or takes it away when it would be half of something. */
static enum zt_replay_exit finish_out(struct zt_replay *replay, const struct arguments *arguments,
                                      enum zt_replay_exit result)
{
    struct zt_error error = { 0 };
    if (replay->out == NULL)
        return result;
    if (result == ZT_REPLAY_BAD_INPUT) {
        zt_journal_abandon(replay->out);
        unlink(arguments->out);
    } else if (!zt_journal_close(replay->out, &error)) {
        print_error(arguments->out, &error);
        result = ZT_REPLAY_FAILED;
    }
    return result;
}

static enum zt_replay_exit write_tables(const struct zt_replay *replay,
                                        const struct arguments *arguments,
                                        enum zt_replay_exit result)
{
    struct zt_error error = { 0 };
    if (arguments->tables == NULL || result == ZT_REPLAY_BAD_INPUT ||
        zt_replay_write_tables(replay, arguments->tables, &error))
        return result;
    print_error(arguments->tables, &error);
    return ZT_REPLAY_FAILED;
}

static enum zt_replay_exit run(const struct arguments *arguments, const struct zt_keys *keys,
                               const uint8_t *data, size_t length)
{
    struct zt_error error = { 0 };
    struct zt_replay replay = { .keys = keys,
                                .vector = arguments->vector,
                                .seed = arguments->seeded ? arguments->seed : NULL };

    if (is_input(arguments, arguments->out) || is_input(arguments, arguments->tables))
        return ZT_REPLAY_BAD_INPUT;
    if (arguments->out != NULL) {
        replay.out = zt_journal_create(arguments->out, &error);
        if (replay.out == NULL) {
            print_error(arguments->out, &error);
            return ZT_REPLAY_FAILED;
        }
    }
    replay.machine = zt_machine_create(&arguments->options);
    enum zt_replay_exit result = arguments->journal != NULL
                                     ? run_journal(&replay, arguments, data, length)
                                     : run_captures(&replay, arguments, data, length);
    result = finish_out(&replay, arguments, result);
    result = write_tables(&replay, arguments, result);
    if (arguments->stats && result != ZT_REPLAY_BAD_INPUT)
        zt_replay_print_statistics(&replay);
    zt_machine_destroy(replay.machine);
    return result;
}

int zt_replay_command(int argc, char **argv)
{
    struct arguments *arguments = zt_calloc(1, sizeof *arguments);
    struct zt_keys *keys = NULL;
    struct zt_error error = { 0 };
    enum zt_replay_exit result = ZT_REPLAY_BAD_INPUT;
    uint8_t *data = NULL;
    size_t length = 0;

    if (!read_arguments(argc, argv, arguments)) {
        fputs(usage, stderr);
    } else if (arguments->help) {
        fputs(usage, stdout);
        result = ZT_REPLAY_EQUAL;
    } else if (arguments->keys != NULL && (keys = zt_keys_read(arguments->keys, &error)) == NULL) {
        print_error(arguments->keys, &error);
    } else {
        const char *path = arguments->journal != NULL ? arguments->journal : arguments->program;
        size_t most = arguments->journal != NULL ? JOURNAL_MAX : ZT_JOURNAL_MAX_PAYLOAD;
        data = zt_file_read(path, most, &length, &error);
        if (data == NULL)
            print_error(path, &error);
        else
            result = run(arguments, keys, data, length);
    }
    free(data);
    zt_keys_free(keys);
    free(arguments);
    return (int)result;
}
