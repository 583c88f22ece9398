/* SPDX-License-Identifier: Apache-2.0 */
#include "src/netns/script.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/netns/device.h"
#include "src/probe/netns.h"

#define SETTINGS "/proc/sys/net/"

extern char **environ;

struct script {
    const struct zt_script_place *place;
    /* Of the line that is done now, from 1. */
    unsigned line;
    /* Where it is; empty before the first `netns`. */
    char namespace[256];
    /* Lines gathered for one `ip` or `tc`: its name, a file in memory, and the line of the first. */
    const char *batch;
    int file;
    unsigned since;
};

static int write_setting(const char *file, const char *value, struct zt_failure *failure)
{
    size_t length = strlen(value);
    int fd = open(file, O_WRONLY | O_CLOEXEC), error;

    error = fd < 0 ? errno : write(fd, value, length) == (ssize_t)length ? 0 : errno;
    if (fd >= 0)
        close(fd);
    if (!error)
        return 0;
    return zt_fail(failure, ZT_EXIT_FAILED, "sysctl", "%s cannot be %s: %s", file, value,
                   strerror(error));
}

/* PATTERN VALUE: one setting, or all that the pattern means. */
static int set(const struct script *script, char *text, struct zt_failure *failure)
{
    const char *settings = script->place->settings ? script->place->settings : SETTINGS;
    char *name = strsep(&text, " "), pattern[512];
    glob_t found;
    int result = 0;

    if (!text || text[0] == '\0' || strstr(name, ".."))
        return zt_fail(failure, ZT_EXIT_USAGE, "script",
                       "sysctl wants a path under " SETTINGS " and a value");
    if (snprintf(pattern, sizeof(pattern), "%s%s", settings, name) >= (int)sizeof(pattern))
        return zt_fail(failure, ZT_EXIT_USAGE, "script", "the path is too long");
    if (glob(pattern, GLOB_NOSORT, NULL, &found)) {
        globfree(&found);
        /* A kernel without IPv6 has none of its settings, and needs none. */
        if (strncmp(name, "ipv6/", 5) == 0)
            return 0;
        return zt_fail(failure, ZT_EXIT_FAILED, "sysctl", "there is no %s", pattern);
    }
    for (size_t i = 0; i < found.gl_pathc && result == 0; i++)
        result = write_setting(found.gl_pathv[i], text, failure);
    globfree(&found);
    return result;
}

/* Has `ip` or `tc` do what was gathered for it. What it says goes to standard error as it is. */
static int flush(struct script *script, struct zt_failure *failure)
{
    const char *program = script->batch;
    char *argv[] = { (char *)program, "-batch", "-", NULL };
    posix_spawn_file_actions_t actions;
    int status = 0, error;
    pid_t child;

    if (!program)
        return 0;
    script->batch = NULL;
    lseek(script->file, 0, SEEK_SET);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, script->file, STDIN_FILENO);
    error = posix_spawnp(&child, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(script->file);
    if (error)
        return zt_fail(failure, ZT_EXIT_FAILED, "program", "%s cannot be run: %s", program,
                       strerror(error));
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return zt_fail(failure, ZT_EXIT_FAILED, "program", "%s: %s", program, strerror(errno));
    if (status == 0)
        return 0;
    return zt_fail(failure, ZT_EXIT_FAILED, "program",
                   "`%s -batch` of lines %u and on failed, for what it says above", program,
                   script->since);
}

static int gather(struct script *script, const char *program, const char *text,
                  struct zt_failure *failure)
{
    if (!script->batch) {
        script->file = memfd_create("batch", MFD_CLOEXEC);
        if (script->file < 0)
            return zt_fail(failure, ZT_EXIT_FAILED, "memory", "memfd_create: %s", strerror(errno));
        script->batch = program;
        script->since = script->line;
    }
    if (dprintf(script->file, "%s\n", text) < 0)
        return zt_fail(failure, ZT_EXIT_FAILED, "memory", "a batch of %s: %s", program,
                       strerror(errno));
    return 0;
}

static int enter(struct script *script, const char *name, struct zt_failure *failure)
{
    if (strlen(name) >= sizeof(script->namespace))
        return zt_fail(failure, ZT_EXIT_USAGE, "netns",
                       "the namespace's name is too long: %.60s...", name);
    strcpy(script->namespace, name);
    return zt_netns_enter(name, failure);
}

static int run_line(struct script *script, char *text, struct zt_failure *failure)
{
    static const char *const programs[] = { "ip", "tc" };
    const char *verb = strsep(&text, " ");

    if (!text)
        return zt_fail(failure, ZT_EXIT_USAGE, "script", "'%.64s' says nothing to do", verb);
    if (strcmp(verb, "netns") != 0 && script->namespace[0] == '\0' && !script->place->here)
        return zt_fail(failure, ZT_EXIT_USAGE, "script", "the first line must be netns NAME");
    if (script->batch && strcmp(script->batch, verb) != 0 && flush(script, failure))
        return -1;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (strcmp(verb, programs[i]) == 0)
            return gather(script, programs[i], text, failure);
    if (strcmp(verb, "netns") == 0)
        return enter(script, text, failure);
    if (strcmp(verb, "sysctl") == 0)
        return set(script, text, failure);
    if (strcmp(verb, "up") == 0)
        return zt_device_up(text, failure);
    if (strcmp(verb, "tap") == 0)
        return zt_device_tap(text, failure);
    if (strcmp(verb, "plain") == 0)
        return zt_device_plain(text, failure);
    return zt_fail(failure, ZT_EXIT_USAGE, "script", "'%.64s' is not known", verb);
}

/* Says where: which line, in which namespace. */
static int located(const struct script *script, struct zt_failure *failure)
{
    char message[sizeof(failure->message)];

    memcpy(message, failure->message, sizeof(message));
    return zt_fail(failure, failure->exit, failure->code, "line %u%s%s: %.360s", script->line,
                   script->namespace[0] ? ", in namespace " : "",
                   script->namespace[0] ? script->namespace : "", message);
}

int zt_script_run(FILE *file, const struct zt_script_place *place, struct zt_failure *failure)
{
    struct script script = { .place = place };
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int result = 0;

    while (result == 0 && (length = getline(&line, &size, file)) > 0) {
        script.line++;
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        result = run_line(&script, line, failure);
    }
    if (result == 0)
        result = flush(&script, failure);
    free(line);
    return result ? located(&script, failure) : 0;
}
