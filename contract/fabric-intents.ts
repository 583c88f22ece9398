/**
 * Intents of the fabric file: what must hold.
 *
 * @module
 */
import { z } from 'zod'
import {
  Duration,
  HostName,
  HostPattern,
  IntentPattern,
  LinkPattern,
  TenantPattern,
} from './fabric-values.js'

const Rate = z
  .string()
  .regex(/^[1-9][0-9]{0,8}(?:\.[0-9]{1,3})?[kM]?pps$/)
  .meta({ id: 'Rate', description: 'packets a second: pps, kpps or Mpps', examples: ['10kpps'] })
const Proto = z
  .string()
  .regex(/^(?:any|icmp|tcp|udp|(?:tcp|udp)\/[0-9]{1,5})$/)
  .meta({ id: 'Proto', description: 'any, icmp, tcp, udp, or a port as tcp/5432', examples: ['tcp/5432'] })
const Count = z
  .int()
  .min(0)
  .max(64)
  .meta({ id: 'Count', description: 'a number, 0 to 64', examples: [1] })

const Reach = z.strictObject({ from: HostPattern, to: HostPattern, proto: Proto.optional() }).meta({
  id: 'Reach',
  description: 'each host of one set reaches each of the other',
  examples: [{ from: 'shop/web', to: 'shop/db', proto: 'tcp/5432' }],
})
const Encrypt = z
  .strictObject({
    links: LinkPattern.optional(),
    tenants: TenantPattern.optional(),
    by: z
      .enum(['macsec', 'wireguard'])
      .meta({
        description: 'what encrypts; what these links or tenants have, when left out',
        examples: ['macsec'],
      })
      .optional(),
  })
  .meta({
    id: 'Encrypt',
    description:
      'nothing crosses these links in the clear, or nothing of these tenants is clear between leaves, whatever links have',
    examples: [{ links: 'leaf*--spine*' }],
  })
const Latency = z
  .strictObject({
    from: HostName,
    to: HostName,
    p50: Duration.optional(),
    p90: Duration.optional(),
    p99: Duration.optional(),
    'p99.9': Duration.optional(),
    rate: Rate,
  })
  .meta({
    id: 'Latency',
    description: 'a percentile of the one-way time from host to host stays within a bound at a rate',
    examples: [{ from: 'shop/web1', to: 'shop/web2', p99: '5ms', rate: '2kpps' }],
  })
const Survive = z
  .strictObject({ links: Count.optional(), nodes: Count.optional(), keep: IntentPattern })
  .meta({
    id: 'Survive',
    description: 'intents that still hold when so many links or nodes fail',
    examples: [{ links: 1, keep: ['web-db'] }],
  })
export const Intent = z
  .strictObject({
    reach: Reach.optional(),
    encrypt: Encrypt.optional(),
    latency: Latency.optional(),
    survive: Survive.optional(),
  })
  .meta({
    id: 'Intent',
    description: 'one thing that must hold: reach, encrypt, latency or survive',
    examples: [{ reach: { from: 'shop/web', to: 'shop/db' } }],
    minProperties: 1,
    maxProperties: 1,
  })

export type IntentEntry = z.infer<typeof Intent>
