/* SPDX-License-Identifier: Apache-2.0 */
/* `send` and `inject`: lists of frames, checked as a whole and then sent in order. */
#ifndef ZTOS_PROBE_SENDING_H
#define ZTOS_PROBE_SENDING_H

#include "src/base/text.h"
#include "src/run/members.h"
#include "src/probe/probe.h"

enum zt_send_to { ZT_SEND_TO_HOSTS, ZT_SEND_TO_LINKS };

/* Appends the members of the answer. False with `error` filled if anything is wrong; then nothing was sent. */
bool zt_send_frames(struct zt_probe *probe, const struct zt_members *request, enum zt_send_to to,
                    struct zt_text *answer, struct zt_error *error);

/* A frame in base64; its length, or -1 with `error` filled. */
long zt_send_decode(const struct zt_members *object, const char *name, uint8_t *out, size_t size,
                    struct zt_error *error);

#endif
