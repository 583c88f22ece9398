/**
 * The fabric file, version 1: what a person writes and `ztos schema` prints; its parts are in `fabric-*.ts`. This is the shape
 * alone; ranges, references, clashes and capacities are judged by `twin/model`, with positions.
 *
 * Every leaf type carries a description and an example: they become hints in editors and remedies in problems.
 *
 * @module
 */
import { z } from 'zod'
import { Intent } from './fabric-intents.js'
import { Policy } from './fabric-policies.js'
import { Overlay, Tenant } from './fabric-tenants.js'
import { Seal } from './fabric-seals.js'
import { Link, Node, Underlay } from './fabric-underlay.js'
import { Name, RangedName } from './fabric-values.js'

export {
  DEFAULT_MTU,
  DEFAULT_TUNNEL_VNIS,
  DEFAULT_UNDERLAY_MTU,
  DEFAULT_WIREGUARD_PORT,
  MAX_NAME,
} from './fabric-values.js'
export type { IntentEntry } from './fabric-intents.js'
export type { PolicyEntry } from './fabric-policies.js'
export type { NetworkEntry, HostEntry, TenantEntry } from './fabric-tenants.js'
export type { SealEntry } from './fabric-seals.js'
export type { NodeEntry, LinkEntry } from './fabric-underlay.js'
export { VNI_MAPPING_VERSION, VniMapping } from './vni-mapping.js'

export const FABRIC_VERSION = 1

/** A whole fabric: the file, or the sum of its fragments. */
export const FabricFile = z
  .strictObject({
    ztos: z
      .literal(FABRIC_VERSION)
      .meta({ description: 'the version of the format, 1', examples: [FABRIC_VERSION] }),
    name: Name,
    include: z
      .array(z.string().min(1).max(200))
      .meta({
        description: 'fragments, by file name or glob, relative to this file',
        examples: [['tenants/*.yaml']],
      })
      .optional(),
    underlay: Underlay,
    nodes: z
      .record(RangedName, Node)
      .meta({ description: 'nodes by name or range', examples: [{ 'leaf[1-3]': { role: 'leaf' } }] }),
    seals: z
      .record(Name, Seal)
      .meta({
        description: 'seals by name',
        examples: [{ core: { macsec: 'gcm-aes-128', key: 'lab:core' } }],
      })
      .optional(),
    links: z
      .array(Link)
      .meta({ description: 'a list of links', examples: [[{ from: 'leaf[1-3]', to: 'spine[1-2]' }]] })
      .optional(),
    policies: z
      .record(Name, Policy)
      .meta({
        description: 'routing policies by name',
        examples: [
          { 'no-private': { at: 'leaf1', direction: 'import', statements: [{ action: 'accept' }] } },
        ],
      })
      .optional(),
    overlay: Overlay.optional(),
    tenants: z
      .record(Name, Tenant)
      .meta({ description: 'tenants by name', examples: [{ shop: { networks: {} } }] })
      .optional(),
    intents: z
      .record(Name, Intent)
      .meta({
        description: 'what must hold, by name; isolation between tenants is implied',
        examples: [{ 'web-db': { reach: { from: 'shop/web', to: 'shop/db' } } }],
      })
      .optional(),
  })
  .meta({
    description: 'a fabric file',
    examples: [
      {
        ztos: 1,
        name: 'shop',
        underlay: { loopbacks: '10.255.0.0/24', links: '10.254.0.0/23' },
        nodes: { leaf1: { role: 'leaf' } },
      },
    ],
  })

export type FabricFile = z.infer<typeof FabricFile>
