/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of tables (contract/control.ts, TableChange) as text, and how tests look at what they do. */
#ifndef ZTOS_TEST_CHANGES_H
#define ZTOS_TEST_CHANGES_H

#include "test/support.h"

#define WEB1_PORT 11
#define WEB2_PORT 12

#define WEB2 "02:bb:00:00:00:12"
#define WEB3 "02:bb:00:00:00:13"

#define FDB(bridge, mac, to) \
    "{\"table\":\"fdb\",\"bridge\":" #bridge ",\"mac\":\"" mac "\",\"to\":" to "}"
#define TO_PORT(port, sticky) "{\"interface\":" #port ",\"sticky\":" #sticky "}"
#define TO_VTEP(vxlan, remote, sticky) \
    "{\"interface\":" #vxlan ",\"remote\":\"" remote "\",\"sticky\":" #sticky "}"
#define NEIGHBOUR(irb, address, to) \
    "{\"table\":\"neighbour\",\"interface\":" #irb ",\"address\":\"" address "\",\"to\":" to "}"
#define TO_MAC(mac, sticky) "{\"mac\":\"" mac "\",\"sticky\":" #sticky "}"
#define ROUTE(vrf, prefix, members) \
    "{\"table\":\"route\",\"vrf\":" #vrf ",\"prefix\":\"" prefix "\",\"members\":" members "}"
#define BY(interface, gateway) "{\"interface\":" #interface ",\"gateway\":\"" gateway "\"}"
#define WEIGHED(interface, gateway, weight) \
    "{\"interface\":" #interface ",\"gateway\":\"" gateway "\",\"weight\":" #weight "}"
#define FLOOD(vxlan, remotes) \
    "{\"table\":\"flood\",\"interface\":" #vxlan ",\"remotes\":[" remotes "]}"
#define APPLY(changes) "{\"id\":1,\"op\":\"apply\",\"changes\":[" changes "]}"

/* The leaf; WEB1 is learned and bound. */
struct bench *start_with_web1(void);
/* Whether `tables` holds a text, with the cache as without. */
bool tables_hold(struct bench *bench, const char *text);
/* WEB1 asks for WEB2: whether the leaf answers, which must be by this frame then. */
bool is_answered(struct bench *bench, const char *answer);

#endif
