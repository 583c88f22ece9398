/**
 * Tenants of the fabric file: networks and hosts; and what holds for all of them.
 *
 * @module
 */
import { z } from 'zod'
import {
  Address,
  DEFAULT_MTU,
  DEFAULT_TUNNEL_VNIS,
  Gateway,
  Mac,
  Mtu,
  Name,
  NodePattern,
  Prefix,
  RangedName,
  Vlan,
  Vni,
  VniRange,
} from './fabric-values.js'

const Network = z
  .strictObject({
    vlan: Vlan.optional(),
    vni: Vni.optional(),
    anycast: z
      .boolean()
      .meta({
        description: 'whether each of its nodes has it for itself, with the same addresses',
        examples: [true],
      })
      .optional(),
    subnet: z
      .union([Prefix, z.array(Prefix).min(1)])
      .meta({ description: 'a prefix, or a list with one of each family', examples: ['10.1.0.0/24'] })
      .optional(),
    gateways: z
      .array(Gateway)
      .min(1)
      .meta({
        description: 'a list of gateway addresses, one of each family',
        examples: [['10.1.0.1/24', '2001:db8:1::1/64']],
      })
      .optional(),
    mtu: Mtu.optional().meta({ default: DEFAULT_MTU }),
    macLimit: z
      .int()
      .min(1)
      .max(1 << 20)
      .meta({ description: 'MAC addresses that a node learns in it, 1 to 1048576', examples: [4096] })
      .optional(),
    snooping: z
      .boolean()
      .meta({ description: 'whether multicast goes only where it is asked for (RFC 4541)', examples: [true] })
      .optional(),
    at: NodePattern.optional(),
    gatewayAt: NodePattern.optional(),
  })
  .meta({
    id: 'Network',
    description: 'a network: routed with gateways, pure layer 2 with a subnet alone',
    examples: [{ vlan: 10, vni: 10010, gateways: ['10.1.0.1/24'] }],
  })
const Host = z
  .strictObject({
    at: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/)
      .meta({
        id: 'LeafName',
        description: 'one leaf by name; one router in a tenant with vrf: underlay',
        examples: ['leaf1'],
      }),
    network: Name,
    address: z
      .union([Address, z.array(Address).min(1)])
      .meta({ description: 'an address, or a list with one of each family', examples: ['10.1.0.10'] })
      .optional(),
    mac: Mac.optional(),
    mtu: Mtu.optional(),
    static: z
      .boolean()
      .meta({
        description: 'whether its MAC address belongs to its port alone and is never learned elsewhere',
        examples: [true],
      })
      .optional(),
  })
  .meta({ id: 'Host', description: 'a host', examples: [{ at: 'leaf1', network: 'web' }] })
export const Overlay = z
  .strictObject({
    seal: Name.meta({
      description: 'the seal of all tenants that name none',
      examples: ['leaves'],
    }).optional(),
    vnis: VniRange.optional().meta({ default: DEFAULT_TUNNEL_VNIS }),
  })
  .meta({
    id: 'Overlay',
    description: 'what holds for all tenants: a seal between leaves, and the VNIs of sealed tunnels',
    examples: [{ seal: 'leaves' }],
  })
export const Tenant = z
  .strictObject({
    l3vni: Vni.optional(),
    seal: Name.meta({
      description: 'what encrypts it from leaf to leaf; none, where it is not to have that of all tenants',
      examples: ['leaves'],
    }).optional(),
    vrf: z
      .literal('underlay')
      .meta({
        description: 'underlay: its networks are routed with the fabric itself, not in a VRF of their own',
        examples: ['underlay'],
      })
      .optional(),
    networks: z.record(Name, Network).meta({
      description: 'networks by name',
      examples: [{ web: { vni: 10010, gateways: ['10.1.0.1/24'] } }],
    }),
    hosts: z
      .record(RangedName, Host)
      .meta({ description: 'hosts by name', examples: [{ web1: { at: 'leaf1', network: 'web' } }] })
      .optional(),
  })
  .meta({
    id: 'Tenant',
    description: 'a tenant with its networks and hosts',
    examples: [{ l3vni: 50001, networks: {}, hosts: {} }],
  })

export type NetworkEntry = z.infer<typeof Network>
export type HostEntry = z.infer<typeof Host>
export type TenantEntry = z.infer<typeof Tenant>
