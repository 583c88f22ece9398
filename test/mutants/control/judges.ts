/**
 * Wrong judges of what a fabric survives, and wrong readers: of roles, of the mapping of networks to numbers.
 *
 * @module
 */
import { wrong, type ControlMutant } from './mutant.js'

const SURVIVE = 'test/sdk/survive.test.ts'
const SETS = 'sdk/judge/failure-sets.js'
const JUDGE = 'sdk/judge/survive.js'

export const surviveMutants: readonly ControlMutant[] = [
  wrong(
    'survive-singles-alone',
    'C04',
    'of links that fail together only single ones are tried',
    [
      SETS,
      'plan.links.map(({ id }) => id), most.links)',
      'plan.links.map(({ id }) => id), Math.min(most.links, 1))',
    ],
    SURVIVE,
  ),
  wrong(
    'survive-neighbours-missed',
    'C04',
    'sets of two that stand side by side are not tried',
    [SETS, 'items.slice(index + 1)', 'items.slice(index + 2)'],
    SURVIVE,
  ),
  wrong(
    'survive-links-unbroken',
    'C04',
    'links that are to fail do not',
    [SETS, "...links.map((link) => ({ kind: 'link-down', link })),", ''],
    SURVIVE,
  ),
  wrong(
    'survive-nodes-unbroken',
    'C04',
    'nodes that are to fail do not',
    [SETS, "...nodes.map((node) => ({ kind: 'node-down', node })),", ''],
    SURVIVE,
  ),
  wrong(
    'survive-larger-first',
    'C04',
    'the set that is named is not the smallest',
    [SETS, 'sizeOf(a) - sizeOf(b)', 'sizeOf(b) - sizeOf(a)'],
    SURVIVE,
  ),
  wrong(
    'survive-wrongly-known',
    'C04',
    'a set is taken for one that was judged although a link of who took part fails',
    [SETS, 'this.#spared(past, set, visited) &&', ''],
    SURVIVE,
  ),
  wrong(
    'survive-tables-unread',
    'C04',
    'a set is taken for one that was judged although tables of who took part are others',
    [SETS, '[...visited.nodes].every((node) => before.get(node) === tables.get(node))', 'true'],
    SURVIVE,
  ),
  wrong(
    'survive-own-hosts-counted',
    'C04',
    'hosts of a node without power count as lost',
    [JUDGE, 'hosts: plan.hosts.filter(({ at }) => !isGone(at.node)),', ''],
    SURVIVE,
  ),
  wrong(
    'survive-failing-set-missed',
    'C04',
    'a set that keeps something from holding is passed over',
    [JUDGE, 'if (findings.length > 0)', 'if (false)'],
    SURVIVE,
  ),
]

const ROLES = 'twin/model/roles.test.ts'
const MAPPING = 'cli/verbs/mapping.test.ts'
const EXCHANGE = 'model/exchange.js'

export const readerMutants: readonly ControlMutant[] = [
  wrong(
    'roles-of-leaves-meet',
    'Z05',
    'a leaf may be wired to a router',
    ['model/read-links.js', "['router', 'spine'],", "['router', 'spine'],\n    ['leaf', 'router'],"],
    ROLES,
  ),
  wrong(
    'roles-unread',
    'Z05',
    'whatever is wired to whatever is taken',
    [
      'model/read-links.js',
      'return MEETINGS.some(([x, y]) => (a === x && b === y) || (a === y && b === x));',
      'return true;',
    ],
    ROLES,
  ),
  wrong(
    'roles-at-entry-above',
    'Z05',
    'the place of a role that is wired wrong is that of the entry before it',
    [
      'model/read-links.js',
      'rejectRoles(context, path, wrong, roles)',
      "rejectRoles(context, ['links', Math.max(0, i - 1)], wrong, roles)",
    ],
    ROLES,
  ),
  wrong(
    'mapping-without-vlan',
    'Z04',
    'VLANs are not exported',
    [EXCHANGE, '...(vlan === undefined ? {} : { vlan })', ''],
    MAPPING,
  ),
  wrong(
    'mapping-without-l3vni',
    'Z04',
    'the L3 VNIs of VRFs are not exported',
    [EXCHANGE, '...(tenant.l3vni === undefined ? {} : { l3vni: tenant.l3vni }),', ''],
    MAPPING,
  ),
  wrong(
    'mapping-vni-unread',
    'Z04',
    'a VNI of a mapping is not taken',
    [EXCHANGE, 'network.vni = vni;', ''],
    MAPPING,
  ),
  wrong(
    'mapping-vlan-kept',
    'Z04',
    'a VLAN that a mapping leaves out stays',
    [EXCHANGE, 'delete network.vlan;', ';'],
    MAPPING,
  ),
]
