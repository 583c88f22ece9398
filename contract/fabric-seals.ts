/**
 * Seals of the fabric file: what encrypts links, and what tenants send from leaf to leaf.
 *
 * @module
 */
import { z } from 'zod'
import { DEFAULT_WIREGUARD_PORT } from './fabric-values.js'

const KeyName = z
  .string()
  .regex(/^[a-z][a-z0-9+.-]*:[A-Za-z0-9._/-]+$/)
  .max(64)
  .meta({
    id: 'KeyName',
    description: 'the name of a key, never its value: a source, a colon, a name',
    examples: ['lab:core'],
  })
const MacsecSeal = z
  .strictObject({
    macsec: z.enum(['gcm-aes-128', 'gcm-aes-256', 'gcm-aes-xpn-128', 'gcm-aes-xpn-256']).meta({
      description: 'the MACsec cipher suite; XPN counts packets with 64 bits',
      examples: ['gcm-aes-128'],
    }),
    mode: z
      .enum(['strict', 'check', 'disabled'])
      .meta({
        description:
          'what becomes of frames that are clear or wrong: strict refuses them, check counts them and lets them by; disabled seals nothing either',
        examples: ['strict'],
      })
      .optional(),
    confidentiality: z
      .enum(['none', 'offset-30', 'offset-50'])
      .meta({
        description:
          'what is encrypted, when it is not everything: nothing (but nothing can be changed), or all but the first 30 or 50 octets',
        examples: ['offset-30'],
      })
      .optional(),
    tag: z
      .enum(['implicit', 'end-station'])
      .meta({
        description: 'how the tag says who sent a frame, when it does not carry the sender in 8 octets',
        examples: ['implicit'],
      })
      .optional(),
    replayWindow: z
      .int()
      .min(0)
      .max(0xffffffff)
      .meta({
        description: 'by how many packets one may be late, 0 to 4294967295, with XPN to 1073741823',
        examples: [64],
      })
      .optional(),
    standby: z
      .int()
      .min(0)
      .max(3)
      .meta({
        description:
          'keys in reserve, each of which takes over before the packet numbers of another end, 0 to 3',
        examples: [1],
      })
      .optional(),
    key: KeyName,
  })
  .meta({
    id: 'MacsecSeal',
    description: 'encryption by MACsec',
    examples: [{ macsec: 'gcm-aes-128', mode: 'strict', key: 'lab:core' }],
  })
const WireguardSeal = z
  .strictObject({
    wireguard: z.literal(true).meta({
      description: 'true, for it has one cipher suite and refuses clear frames anyway',
      examples: [true],
    }),
    key: KeyName,
    psk: z
      .boolean()
      .meta({ description: 'whether each two ends have a pre-shared key besides', examples: [true] })
      .optional(),
    port: z
      .int()
      .min(1)
      .max(65535)
      .meta({
        default: DEFAULT_WIREGUARD_PORT,
        description: 'the UDP port at both ends, 1 to 65535',
        examples: [DEFAULT_WIREGUARD_PORT],
      })
      .optional(),
    keepalive: z
      .int()
      .min(1)
      .max(65535)
      .meta({ description: 'seconds between packets where nothing else is sent, 1 to 65535', examples: [25] })
      .optional(),
  })
  .meta({
    id: 'WireguardSeal',
    description: 'encryption by WireGuard',
    examples: [{ wireguard: true, key: 'lab:core' }],
  })
export const Seal = z.union([MacsecSeal, WireguardSeal]).meta({
  id: 'Seal',
  description: 'encryption of links or of tenants between leaves, by MACsec or by WireGuard',
  examples: [{ macsec: 'gcm-aes-128', mode: 'strict', key: 'lab:core' }],
})

export type SealEntry = z.infer<typeof Seal>
