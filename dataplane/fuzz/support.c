/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"

static const char key_file[] =
    "{\"lab:test/0200000001030001/0\":\"000102030405060708090a0b0c0d0e0f\","
    "\"lab:test/0200000002030001/0\":\"101112131415161718191a1b1c1d1e1f\","
    "\"lab:test/0200000002030001/1\":\"202122232425262728292a2b2c2d2e2f\","
    "\"lab:fuzz/gcm-aes-128/1\":\"20202020202020202020202020202020\","
    "\"lab:fuzz/gcm-aes-128/2\":\"30303030303030303030303030303030\","
    "\"lab:fuzz/gcm-aes-256/"
    "1\":\"3030303030303030303030303030303030303030303030303030303030303030\","
    "\"lab:fuzz/gcm-aes-256/"
    "2\":\"4040404040404040404040404040404040404040404040404040404040404040\","
    "\"lab:fuzz/gcm-aes-xpn-128/1\":\"2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c\","
    "\"lab:fuzz/gcm-aes-xpn-128/2\":\"3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c\","
    "\"lab:fuzz/gcm-aes-xpn-256/"
    "1\":"
    "\"3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c\","
    "\"lab:fuzz/gcm-aes-xpn-256/"
    "2\":"
    "\"4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c\","
    "\"lab:fuzz/1\":\"0101010101010101010101010101010101010101010101010101010101010101\","
    "\"lab:fuzz/2\":\"0202020202020202020202020202020202020202020202020202020202020202\","
    "\"lab:fuzz/1/public\":\"a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209\","
    "\"lab:fuzz/2/public\":\"ce8d3ad1ccb633ec7b70c17814a5c76ecd029685050d344745ba05870e587d59\","
    "\"lab:fuzz/psk\":\"0303030303030303030303030303030303030303030303030303030303030303\"}";

/* %1$u is the node, %2$u its peer; both stand in addresses. */
static const char wireguard_node[] =
    "{\"format\":\"ztos-program\",\"version\":1,\"node\":\"sealer%1$u\",\"seeds\":{\"ecmp\":0,"
    "\"sourcePort\":0},\"vrfs\":[{\"id\":0,\"name\":\"under\"},{\"id\":1,\"name\":\"inside\"}],"
    "\"interfaces\":["
    "{\"id\":1,\"name\":\"eth1\",\"kind\":\"port\",\"mac\":\"02:00:00:00:0%1$u:01\",\"mtu\":1610,"
    "\"addresses\":[],\"tap\":true},"
    "{\"id\":2,\"name\":\"eth2\",\"kind\":\"port\",\"mac\":\"02:00:00:00:0%1$u:02\",\"mtu\":1500,"
    "\"vrf\":0,\"addresses\":[\"10.254.2.%1$u/24\"],\"tap\":true},"
    "{\"id\":3,\"name\":\"wg3\",\"kind\":\"wireguard\",\"lower\":1,\"mac\":\"02:00:00:00:0%1$u:"
    "01\","
    "\"peerMac\":\"02:00:00:00:0%2$u:01\",\"mtu\":1550,\"vrf\":1,\"addresses\":[\"10.8.0.%1$u/24\","
    "\"2001:db8:8::%1$u/64\"],\"privateKey\":\"lab:fuzz/%1$u\",\"listenPort\":51820,"
    "\"local\":[\"192.0.2.%1$u\",\"2001:db8:2::%1$u\"],\"ttl\":64,\"df\":true,\"loadLimit\":6,"
    "\"peers\":[{\"publicKey\":\"lab:fuzz/%2$u/public\",\"presharedKey\":\"lab:fuzz/psk\","
    "\"endpoint\":{\"address\":\"%3$s%2$u\",\"port\":51820},"
    "\"allowedIps\":[\"10.0.0.0/8\",\"2001:db8::/32\"]}]},"
    "{\"id\":5,\"name\":\"wg5\",\"kind\":\"wireguard\",\"underlayVrf\":0,\"mtu\":1420,\"vrf\":1,"
    "\"addresses\":[\"10.7.0.%1$u/24\"],\"privateKey\":\"lab:fuzz/%1$u\",\"listenPort\":51821,"
    "\"local\":[\"10.254.2.%1$u\"],\"ttl\":9,\"df\":false,\"loadLimit\":6,"
    "\"peers\":[{\"publicKey\":\"lab:fuzz/%2$u/public\","
    "\"endpoint\":{\"address\":\"10.254.2.%2$u\",\"port\":51821},"
    "\"allowedIps\":[\"10.7.0.0/24\",\"10.9.0.0/16\"],\"persistentKeepalive\":25}]}],"
    "\"tables\":{\"routes\":[{\"vrf\":0,\"prefix\":\"10.254.2.0/24\",\"connected\":2},"
    "{\"vrf\":1,\"prefix\":\"10.7.0.0/24\",\"connected\":5},"
    "{\"vrf\":1,\"prefix\":\"10.8.0.0/24\",\"connected\":3},"
    "{\"vrf\":1,\"prefix\":\"2001:db8:8::/64\",\"connected\":3}],\"groups\":[],\"neighbours\":["
    "{\"interface\":1,\"address\":\"192.0.2.%2$u\",\"mac\":\"02:00:00:00:0%2$u:01\"},"
    "{\"interface\":1,\"address\":\"2001:db8:2::%2$u\",\"mac\":\"02:00:00:00:0%2$u:01\"},"
    "{\"interface\":2,\"address\":\"10.254.2.%2$u\",\"mac\":\"02:00:00:00:0%2$u:02\"}],"
    "\"fdb\":[],\"flood\":[]}}";

const char *fuzz_wireguard(uint32_t node, size_t *length)
{
    static char texts[2][sizeof wireguard_node + 200];
    char *text = texts[node - 1];

    /* The one is found by IPv4, the other by IPv6. */
    if (text[0] == '\0')
        snprintf(text, sizeof texts[0], wireguard_node, node, 3 - node,
                 node == 1 ? "192.0.2." : "2001:db8:2::");
    *length = strlen(text);
    return text;
}

const char *fuzz_program(const char *name, size_t *length)
{
    static char *texts[4];
    static char names[4][32];
    static size_t lengths[4];
    for (uint32_t i = 0; i < 4; i++) {
        struct zt_error error;
        char path[80];
        if (texts[i] != NULL && strcmp(names[i], name) != 0)
            continue;
        if (texts[i] == NULL) {
            snprintf(path, sizeof path, "test/programs/%s.json", name);
            snprintf(names[i], sizeof names[i], "%s", name);
            texts[i] = (char *)zt_file_read(path, 1 << 20, &lengths[i], &error);
        }
        if (texts[i] == NULL) {
            fprintf(stderr, "%s: %s\n", path, error.message);
            abort();
        }
        *length = lengths[i];
        return texts[i];
    }
    abort();
}

const struct zt_keys *fuzz_keys(void)
{
    static struct zt_keys *keys;
    if (keys == NULL)
        keys = zt_keys_parse(key_file, sizeof key_file - 1, NULL);
    return keys;
}
