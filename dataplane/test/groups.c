/* SPDX-License-Identifier: Apache-2.0 */
#include "test/groups.h"

#include <stdio.h>

#include "src/base/text.h"

static void add_port(struct zt_text *text, uint32_t id, const char *address)
{
    zt_text_format(text,
                   "{\"id\":%u,\"name\":\"eth%u\",\"kind\":\"port\",\"vrf\":0,\"mac\":"
                   "\"02:00:00:00:01:%02x\",\"mtu\":1500,\"addresses\":[%s],\"tap\":true}",
                   id, id, id, address);
}

static void add_members(struct zt_text *text, const struct group_program *program, bool ipv6)
{
    for (uint32_t i = 1; i <= program->members; i++) {
        zt_text_format(text,
                       ipv6 ? "%s{\"interface\":%u,\"gateway\":\"fe80::%u\""
                            : "%s{\"interface\":%u,\"gateway\":\"10.254.%u.1\"",
                       i == 1 ? "" : ",", i, i);
        if (program->weights[i - 1] != 0)
            zt_text_format(text, ",\"weight\":%u", program->weights[i - 1]);
        zt_text_format(text, "}");
    }
}

char *group_text(const struct group_program *program)
{
    struct zt_text text = { 0 };
    size_t length;
    zt_text_format(&text, "{\"format\":\"ztos-program\",\"version\":1,\"node\":\"r\",\"seeds\":"
                          "{\"ecmp\":305419896,\"sourcePort\":1},\"vrfs\":[{\"id\":0,\"name\":"
                          "\"underlay\"}],\"interfaces\":[");
    for (uint32_t i = 1; i <= program->members; i++) {
        add_port(&text, i, "");
        zt_text_format(&text, ",");
    }
    add_port(&text, INGRESS, "\"192.0.2.1/24\"");
    zt_text_format(&text,
                   "],%s\"tables\":{\"routes\":[{\"vrf\":0,\"prefix\":\"10.0.0.0/8\",\"group\":1},"
                   "{\"vrf\":0,\"prefix\":\"2001:db8::/32\",\"group\":2}],\"groups\":[{\"id\":1,"
                   "\"members\":[",
                   program->resilient ? "\"resilient\":true," : "");
    add_members(&text, program, false);
    zt_text_format(&text, "]},{\"id\":2,\"members\":[");
    add_members(&text, program, true);
    zt_text_format(&text, "]}],\"neighbours\":[");
    for (uint32_t i = 1; i <= program->members; i++)
        zt_text_format(&text,
                       "%s{\"interface\":%u,\"address\":\"10.254.%u.1\",\"mac\":\"02:00:00:00:02:"
                       "%02x\"},{\"interface\":%u,\"address\":\"fe80::%u\",\"mac\":"
                       "\"02:00:00:00:02:%02x\"}",
                       i == 1 ? "" : ",", i, i, i, i, i, i);
    zt_text_format(&text, "],\"fdb\":[],\"flood\":[]}}");
    return zt_text_take(&text, &length);
}

struct zt_machine *start_group(const struct group_program *program, bool cache)
{
    struct zt_machine *machine = zt_machine_create(&(struct zt_machine_options){ .cache = cache });
    struct zt_error error = { 0 };
    struct zt_effects effects;
    const char *mutant = getenv("ZT_MUTANT");
    char *text = group_text(program);
    if (mutant != NULL && *mutant != '\0' && !zt_mutant_select(mutant))
        fail_msg("there is no mutant `%s` in this build", mutant);
    if (!zt_machine_load(machine, SECOND, text, strlen(text), NULL, &effects, &error))
        fail_msg("%s: %s", error.where, error.message);
    free(text);
    return machine;
}

uint32_t flow_frame(uint8_t *frame, uint32_t n, bool ipv6)
{
    /* Flows differ in source, destination and ports, as those of an overlay and of hosts do. */
    uint8_t *ip = frame + ZT_ETH_HEADER, *udp = ip + (ipv6 ? ZT_IPV6_HEADER : ZT_IPV4_HEADER);
    zt_ip source = { ZT_IPV4, { 172, 16, (uint8_t)(n >> 8), (uint8_t)n } },
          destination = { ZT_IPV4, { 10, 1, 2, (uint8_t)(n >> 16) } };
    zt_eth_write(frame, (zt_mac){ { 2, 0, 0, 0, 1, INGRESS } }, (zt_mac){ { 2, 0, 0, 0, 9, 9 } },
                 (zt_ethertype){ ipv6 ? ZT_ETHERTYPE_IPV6 : ZT_ETHERTYPE_IPV4 });
    if (ipv6) {
        source = (zt_ip){
            ZT_IPV6,
            { 0x20, 0x01, 0x0d, 0xb8,
              1, [12] = (uint8_t)(n >> 16), [14] = (uint8_t)(n >> 8), [15] = (uint8_t)n }
        };
        destination = (zt_ip){ ZT_IPV6, { 0x20, 0x01, 0x0d, 0xb8, 2, [15] = 1 } };
        zt_ipv6_write(ip, ZT_IPV6_HEADER + 20, 0, 64, (zt_protocol){ ZT_PROTOCOL_UDP }, source,
                      destination);
    } else {
        zt_ipv4_write(ip, ZT_IPV4_HEADER + 20, 0, true, 64, (zt_protocol){ ZT_PROTOCOL_UDP },
                      source, destination);
    }
    memset(udp, 0, 20);
    zt_store_u16(udp, (uint16_t)(49152 + n % 16384));
    zt_store_u16(udp + 2, 4789);
    zt_store_u16(udp + 4, 20);
    zt_store_u32(udp + 12, n);
    return (uint32_t)(udp + 20 - frame);
}

uint16_t member_of(struct zt_machine *machine, uint32_t n, bool ipv6)
{
    uint8_t frame[FLOW_FRAME + 20];
    struct zt_input input = { .kind = ZT_INPUT_FRAME,
                              .interface = INGRESS,
                              .now = SECOND,
                              .length = flow_frame(frame, n, ipv6),
                              .data = frame };
    struct zt_effects effects = zt_machine_run(machine, &input, 1);
    assert_int_equal(effects.count, 1);
    if (effects.list[0].kind != ZT_EFFECT_TX)
        fail_msg("flow %u: fate %s", n, zt_fate_name(effects.list[0].fate));
    return effects.list[0].interface;
}

void set_carrier(struct zt_machine *machine, uint16_t port, bool up)
{
    struct zt_error error = { 0 };
    struct zt_effects effects;
    char text[96];
    snprintf(text, sizeof text, "{\"id\":1,\"op\":\"carrier\",\"interface\":%u,\"up\":%s}", port,
             up ? "true" : "false");
    if (!zt_machine_control(machine, SECOND, text, strlen(text), &effects, &error))
        fail_msg("%s: %s", error.where, error.message);
    assert_int_equal(effects.count, 0);
}
