/**
 * Routing policies of the fabric file.
 *
 * @module
 */
import { z } from 'zod'
import { Community, NodePattern } from './fabric-values.js'

const PrefixMatch = z
  .string()
  .regex(/^[0-9a-fA-F:.]+\/[0-9]{1,3}(?: ge [0-9]{1,3})?(?: le [0-9]{1,3})?$/)
  .meta({
    id: 'PrefixMatch',
    description: 'a prefix, and with ge and le the lengths of what lies in it',
    examples: ['10.0.0.0/8 ge 24 le 32'],
  })
const PolicyStatement = z
  .strictObject({
    match: z
      .strictObject({
        prefixes: z
          .array(PrefixMatch)
          .min(1)
          .meta({ description: 'a list of prefixes, any of which matches', examples: [['10.0.0.0/8 le 32']] })
          .optional(),
        communities: z
          .array(Community)
          .min(1)
          .meta({ description: 'a list of communities, any of which matches', examples: [['65000:100']] })
          .optional(),
      })
      .meta({
        description: 'what a route must have; all routes match when left out',
        examples: [{ prefixes: ['10.0.0.0/8 le 32'] }],
      })
      .optional(),
    action: z
      .enum(['accept', 'reject'])
      .meta({ description: 'what becomes of a route', examples: ['reject'] })
      .optional(),
    set: z
      .strictObject({
        localPreference: z
          .int()
          .min(1)
          .max(0xffffffff)
          .meta({ description: 'a local preference, 1 to 4294967295', examples: [200] })
          .optional(),
        med: z
          .int()
          .min(0)
          .max(0xffffffff)
          .meta({ description: 'a multi-exit discriminator, 0 to 4294967295', examples: [50] })
          .optional(),
        prepend: z
          .int()
          .min(1)
          .max(16)
          .meta({ description: 'how often the own AS number is put before the path, 1 to 16', examples: [2] })
          .optional(),
        communities: z
          .array(Community)
          .min(1)
          .meta({ description: 'a list of communities to add', examples: [['65000:100']] })
          .optional(),
      })
      .meta({ description: 'what is changed of an accepted route', examples: [{ localPreference: 200 }] })
      .optional(),
  })
  .meta({
    id: 'PolicyStatement',
    description: 'one statement of a policy; the first that matches decides',
    examples: [{ match: { prefixes: ['10.0.0.0/8 le 32'] }, action: 'reject' }],
  })
export const Policy = z
  .strictObject({
    at: NodePattern,
    peers: NodePattern.optional(),
    direction: z
      .enum(['import', 'export'])
      .meta({ description: 'whether it is about what is heard or what is told', examples: ['import'] }),
    statements: z
      .array(PolicyStatement)
      .min(1)
      .meta({ description: 'a list of statements', examples: [[{ action: 'accept' }]] }),
    otherwise: z
      .enum(['accept', 'reject'])
      .meta({ description: 'what becomes of a route that no statement matches', examples: ['accept'] })
      .optional(),
  })
  .meta({
    id: 'Policy',
    description: 'a routing policy of some nodes, towards all or some of their peers',
    examples: [
      {
        at: 'leaf1',
        direction: 'import',
        statements: [{ match: { prefixes: ['10.0.0.0/8 le 32'] }, action: 'reject' }],
      },
    ],
  })

export type PolicyEntry = z.infer<typeof Policy>
