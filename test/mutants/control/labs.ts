/**
 * Wrong pieces of labs in containers, and of labs that are changed in place: what a topology definition file says, and who is touched.
 *
 * @module
 */
import { wrong } from './mutant.js'

const READ = 'lab/clab/read.test.ts'
const EXPAND = 'lab/clab/expand.test.ts'
const ROUND_TRIP = 'test/property/topology/round-trip.test.ts'
const EXPORT = 'lab/containerlab/export.test.ts'
const LAB = 'lab/containerlab/lab-topology.test.ts'
const CHANGES = 'lab/apply/changes.test.ts'
const EPOCHS = 'lab/apply/epochs.test.ts'
const NETWORK = 'lab/netns/change.test.ts'
const DAEMONS = 'lab/daemons/change.test.ts'

/** Of files: those that are read, and those that are written. */
export const topologyMutants = [
  wrong(
    'topology-dollars-kept',
    'T02',
    'two dollars stay two',
    ['lab/clab/expand.js', "{ value: '$', end: dollar + 2 }", "{ value: '$$', end: dollar + 2 }"],
    ROUND_TRIP,
  ),
  wrong(
    'topology-dollars-bare',
    'T02',
    'a dollar that would begin a variable is written once',
    ['lab/clab/write.js', "/gu, '$$$$')", "/gu, '$$')"],
    ROUND_TRIP,
  ),
  wrong(
    'topology-empty-is-set',
    'T02',
    'an empty variable keeps its default away',
    ['lab/clab/expand.js', "value === undefined || value === '' ? other : value", 'value ?? other'],
    EXPAND,
  ),
  wrong(
    'topology-octal-unread',
    'T02',
    'numbers that begin with 0 are read as decimal ones',
    ['lab/clab/reader.js', '`0o${digits.slice(1)}`', 'digits'],
    READ,
  ),
  wrong(
    'topology-words-are-text',
    'T02',
    '`off` is taken for no truth value',
    ['lab/clab/reader.js', '|off|Off|OFF)$/', ')$/'],
    READ,
  ),
  wrong(
    'topology-keys-twice',
    'T02',
    'a key that stands twice is not told of',
    ['lab/clab/reader.js', 'else if (!isMerged)', 'else if (false)'],
    READ,
  ),
  wrong(
    'topology-merge-wins',
    'T02',
    'what is merged into a map counts more than what stands there',
    [
      'lab/clab/reader.js',
      'if (!entries.has(name))',
      "if (!entries.has(name) || (isMerged && name !== 'kind'))",
    ],
    READ,
  ),
  wrong(
    'topology-kind-first',
    'T02',
    'a kind counts more than a group',
    [
      'lab/clab/effective.js',
      '[own, of(groups, group), of(kinds, kind), defaults]',
      '[own, of(kinds, kind), of(groups, group), defaults]',
    ],
    READ,
  ),
  wrong(
    'topology-lists-replaced',
    'T02',
    'the most specific list is the whole one',
    [
      'lab/clab/effective.js',
      'general.flatMap((level) => level[key] ?? [])',
      'general.findLast((level) => level[key])?.[key] ?? []',
    ],
    READ,
  ),
  wrong(
    'topology-waits-for-nobody',
    'T02',
    'a node may wait for one that is not there',
    ['lab/clab/check.js', "unknownNode(node, nodes, ['topology', 'nodes', name, 'stages'], say);", ';'],
    READ,
  ),
  wrong(
    'topology-ends-twice',
    'T02',
    'two links may end at one interface',
    ['lab/clab/check.js', 'if (other !== undefined)', 'if (false)'],
    READ,
  ),
  wrong(
    'topology-brief-ends-swapped',
    'T02',
    'of a brief link to the host the other end is the host’s',
    ['lab/clab/links.js', 'special === 0 ? [a, b] : [b, a]', 'special === 0 ? [b, a] : [a, b]'],
    READ,
  ),
  wrong(
    'container-speaks',
    'T02',
    'kernels of containers say what nobody asked for before they are set up',
    ['lab/containerlab/topology.js', "addr_gen_mode': '1'", "addr_gen_mode': '0'"],
    EXPORT,
  ),
  wrong(
    'container-may-all',
    'T02',
    'every node gets the capability that is FRR’s',
    ['lab/containerlab/topology.js', '(runsFrr(node) ? [FRR] : [])', '[FRR]'],
    EXPORT,
  ),
  wrong(
    'export-keys-for-all',
    'T02',
    'every container gets all keys',
    ['lab/containerlab/export.js', 'text.includes(JSON.stringify(reference))', 'true'],
    EXPORT,
  ),
  wrong(
    'export-keys-readable',
    'T02',
    'anybody may read the keys',
    ['lab/containerlab/export.js', 'JSON.stringify(own)}\\n`, 0o600)', 'JSON.stringify(own)}\\n`, 0o644)'],
    EXPORT,
  ),
  wrong(
    'container-writes-config',
    'T02',
    'a container may write what it is given',
    [
      'lab/containerlab/lab-topology.js',
      '${container.given}:${container.given}:ro',
      '${container.given}:${container.given}',
    ],
    LAB,
  ),
  wrong(
    'container-links-undelayed',
    'T02',
    'delayed links do not lead through the wire node',
    ['lab/containerlab/lab-topology.js', 'if (through === undefined || wire === undefined)', 'if (true)'],
    LAB,
  ),
]

/** Of a lab that is changed in place. */
export const changeMutants = [
  wrong(
    'change-touched-unsaid',
    'T02',
    'nodes that are changed are said to be untouched',
    ['lab/apply/changes.js', '.filter((name) => !touched.has(name))', ''],
    CHANGES,
  ),
  wrong(
    'change-wire-told',
    'T02',
    'the wire node goes on where its cables are others',
    ['lab/apply/changes.js', 'const isTold = !recabled && ', 'const isTold = '],
    CHANGES,
  ),
  wrong(
    'change-probe-untold',
    'T02',
    'the probe goes on with the hosts that it knew',
    ['lab/apply/changes.js', "...(isSame(hosts(before), hosts(after)) ? [] : ['hosts']),", ''],
    CHANGES,
  ),
  wrong(
    'change-intents-unseen',
    'T02',
    'intents that differ are no change',
    ['lab/apply/changes.js', "['tenants', 'intents', 'underlay']", "['tenants', 'underlay']"],
    CHANGES,
  ),
  wrong(
    'change-ports-unopened',
    'T02',
    'an engine does not open ports that are new',
    [
      'lab/apply/node-changes.js',
      'filter((name) => !old.has(name)).map((name) => `port ${name} new`)',
      'filter(() => false)',
    ],
    CHANGES,
  ),
  wrong(
    'change-cables-kept',
    'T02',
    'a cable between other ends is taken for the one that was there',
    ['lab/netns/change.js', 'isSame(known.get(one.id), cableKey(one, after))', 'known.has(one.id)'],
    NETWORK,
  ),
  wrong(
    'change-filters-late',
    'T02',
    'a link that is to be sealed keeps the cable that lets all pass',
    ['lab/netns/change.js', 'sealed: ends.map(isSealed)', 'sealed: []'],
    CHANGES,
  ),
  wrong(
    'change-routes-forgotten',
    'T02',
    'what a kernel forgets of a device that is made anew it is not told again',
    ['lab/netns/kernel-change.js', 'hops.some(isDisturbed)', 'false'],
    NETWORK,
  ),
  wrong(
    'change-neighbours-stay',
    'T02',
    'neighbours that are gone stay in the kernel',
    ['lab/netns/kernel-change.js', '`neigh del ${address} dev ${device}`', "''"],
    NETWORK,
  ),
  wrong(
    'change-wire-moves',
    'T02',
    'delayed links that stay get other devices in the wire node',
    ['lab/netns/change.js', 'known.get(link.id) ?? place()', 'place()'],
    NETWORK,
  ),
  wrong(
    'change-daemons-half-told',
    'T02',
    'what a running bgpd cannot take is left unsaid',
    ['lab/daemons/change.js', ' || !isSame(rest(before), rest(after))', ''],
    DAEMONS,
  ),
  wrong(
    'change-families-mixed',
    'T02',
    'lines are not told in the address family that they stand in',
    ['lab/daemons/change.js', 'if (family !== at) {', 'if (false) {'],
    DAEMONS,
  ),
  wrong(
    'change-keys-again',
    'T02',
    'a link that is sealed again gets the keys that it once had',
    ['lab/apply/epochs.js', '.some((key) => known.has(key))', '.some(() => false)'],
    EPOCHS,
  ),
  wrong(
    'change-epochs-begin',
    'T02',
    'links that stay go back to their first keys',
    ['lab/apply/epochs.js', 'epochs.get(group.name) ?? 0', '0'],
    EPOCHS,
  ),
]
