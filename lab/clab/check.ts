/**
 * What must fit together in a topology: ends of links and nodes that wait for each other.
 *
 * @module
 */
import type { TopologyFile, TopologyLink } from '../../contract/lab-topology.js'
import { didYouMean } from '../../twin/model/names.js'
import { effectiveNode } from './effective.js'
import { endsOf } from './links.js'
import type { TopologyProblemCode } from './problem.js'
import type { Path } from './reader.js'

type Say = (code: TopologyProblemCode, path: Path, reason: string, remedy: string) => void

const NAME = /^[a-zA-Z0-9][-a-zA-Z0-9._]*$/
const STAGES = ['create', 'create-links', 'configure', 'healthy', 'exit']
/** Kinds whose devices are this kernel's: a lab can be made of them, and IFNAMSIZ bounds their names. */
export const KERNEL_KINDS: ReadonlySet<string> = new Set(['linux', 'bridge', 'host'])

export function checkTopology(file: TopologyFile, say: Say): void {
  if (!NAME.test(file.name))
    say(
      'ZT_TOPOLOGY_VALUE',
      ['name'],
      `the lab is named ${JSON.stringify(file.name)}`,
      'use letters, digits, dots, hyphens and underscores',
    )
  checkNodes(file, say)
  checkLinks(file, say)
}

function checkNodes({ topology }: TopologyFile, say: Say): void {
  const nodes = Object.keys(topology.nodes ?? {})
  for (const name of nodes) {
    const { kind, stages = {}, ports = [], binds = [], volumes = [] } = effectiveNode(topology, name)
    if (kind === undefined)
      say(
        'ZT_TOPOLOGY_MISSING_KEY',
        ['topology', 'nodes', name],
        `node ${name} has no kind, and none is inherited`,
        'write kind: linux, or another',
      )
    for (const bind of binds.filter((one) => !/^[^:]*:[^:]*(?::[^:]*)?$/.test(one)))
      say(
        'ZT_TOPOLOGY_VALUE',
        ['topology', 'nodes', name, 'binds'],
        `${JSON.stringify(bind)} of ${name} is no bind`,
        'write SOURCE:TARGET[:OPTIONS]; what has no source is a volume',
      )
    for (const volume of volumes.filter((one) => !/^(?:[^:]+|[^:/][^:]*:[^:]*(?::[^:]*)?)$/.test(one)))
      say(
        'ZT_TOPOLOGY_VALUE',
        ['topology', 'nodes', name, 'volumes'],
        `${JSON.stringify(volume)} of ${name} is no volume`,
        'write [NAME:]TARGET[:OPTIONS]; what has a path for its source is a bind',
      )
    for (const port of ports.filter((one) => !isPort(one)))
      say(
        'ZT_TOPOLOGY_VALUE',
        ['topology', 'nodes', name, 'ports'],
        `${JSON.stringify(port)} of ${name} is no port`,
        'write [ADDRESS:][PORT:]CONTAINER-PORT[/PROTOCOL], with ports up to 65535',
      )
    for (const stage of Object.values(stages))
      for (const { node, stage: until } of stage?.['wait-for'] ?? []) {
        if (!nodes.includes(node)) unknownNode(node, nodes, ['topology', 'nodes', name, 'stages'], say)
        if (until !== undefined && !STAGES.includes(until))
          say(
            'ZT_TOPOLOGY_VALUE',
            ['topology', 'nodes', name, 'stages'],
            `${name} waits for stage ${until}`,
            `write one of ${STAGES.join(', ')}`,
          )
      }
  }
}

function checkLinks({ topology }: TopologyFile, say: Say): void {
  const nodes = Object.keys(topology.nodes ?? {})
  const taken = new Map<string, number>()
  for (const [i, link] of (topology.links ?? []).entries()) {
    const path: Path = ['topology', 'links', i]
    const ends = endsOf(link)
    if (ends === undefined) {
      say('ZT_TOPOLOGY_LINK', path, reasonOf(link), 'write endpoints as node:interface, two of them')
      continue
    }
    for (const { node, interface: device } of ends) {
      if (!nodes.includes(node)) unknownNode(node, nodes, path, say)
      // Other kinds have names of their own, which containerlab translates.
      const isKernels = KERNEL_KINDS.has(effectiveNode(topology, node).kind ?? '')
      if (isKernels && (!/^[^\s/]{1,15}$/.test(device) || device === '.' || device === '..'))
        say(
          'ZT_TOPOLOGY_LINK',
          path,
          `${JSON.stringify(device)} of ${node} is no name of a device`,
          `write one of at most 15 characters without blanks and slashes`,
        )
      const end = `${node}:${device}`
      const other = taken.get(end)
      if (other !== undefined)
        say(
          'ZT_TOPOLOGY_LINK',
          path,
          `${end} is an end of links ${other + 1} and ${i + 1}`,
          'give one of them another interface',
        )
      taken.set(end, i)
    }
  }
}

/** As Docker has them: ranges are as long inside as outside. */
function isPort(text: string): boolean {
  const parts =
    /^(?:(?:\[[0-9a-fA-F:.%]*\]|[0-9.]*):)?(?:([0-9]*(?:-[0-9]+)?):)?([0-9]+(?:-[0-9]+)?)(?:\/(?:tcp|udp|sctp))?$/i.exec(
      text,
    )
  if (parts === null) return false
  const [outside, inside] = [parts[1] ?? '', parts[2] ?? ''].map(rangeOf)
  if (outside === undefined || inside === undefined) return false
  return parts[1] === undefined || parts[1] === '' || inside === 1 || outside === inside
}

/** How many ports; `undefined` for what is no range of them. */
function rangeOf(text: string): number | undefined {
  const [first = '', last = first] = text.split('-')
  const count = Number(last) - Number(first) + 1
  return count >= 1 && Number(last) <= 65535 ? count : undefined
}

function reasonOf(link: TopologyLink): string {
  if (!('endpoints' in link)) return 'this link has no end at a node'
  if (link.endpoints.length !== 2) return `this link has ${link.endpoints.length} endpoints`
  const texts = link.endpoints.filter((one) => typeof one === 'string')
  return `${texts.filter((one) => !one.includes(':')).join(' and ')} is no node:interface`
}

function unknownNode(name: string, nodes: readonly string[], path: Path, say: Say): void {
  say(
    'ZT_TOPOLOGY_UNKNOWN_NODE',
    path,
    `there is no node ${name}${didYouMean(name, nodes)}`,
    'name one of topology.nodes',
  )
}
