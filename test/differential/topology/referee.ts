/**
 * What containerlab itself makes of a topology file (tools/containerlab/referee), brought to the form in which we say it.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { LabTopology, NodeDefinition, TopologyLink } from '../../../contract/lab-topology.js'
import { effectiveNode, longLink } from '../../../lab/clab/index.js'

const REFEREE = fileURLToPath(new URL('../../../build/containerlab/referee', import.meta.url))
const Said = z.union([
  z.strictObject({ error: z.string() }),
  z.object({
    config: z.object({
      name: z.string(),
      topology: z.object({ links: z.array(z.looseObject({})).nullish() }),
    }),
    nodes: z.record(z.string(), z.looseObject({})),
  }),
])

/** A topology in a form in which two readers can be compared. */
export interface Sense {
  readonly name: string
  readonly nodes: Readonly<Record<string, unknown>>
  readonly links: readonly unknown[]
}

/** @returns what it says, why it refuses the file, or that it ended otherwise: of a kind without a definition it follows a pointer to nothing */
export function containerlabSense(
  text: string,
  file?: string,
): Sense | { readonly error: string } | 'no verdict' {
  const folder = mkdtempSync(path.join(tmpdir(), 'ztos-topology-'))
  try {
    const name = file ?? path.join(folder, 'lab.clab.yml')
    if (file === undefined) writeFileSync(name, text)
    const { stdout, stderr } = spawnSync(REFEREE, [name], {
      encoding: 'utf8',
      env: { HOME: '/somewhere', PATH: '/usr/bin' },
      maxBuffer: 1 << 26,
    })
    if (stderr.includes('panic: ')) return 'no verdict'
    if (stdout === '') throw new Error(`the referee says nothing: ${stderr}`)
    const said = Said.parse(JSON.parse(stdout))
    if ('error' in said) return said
    const { config, nodes } = said
    return {
      name: config.name,
      nodes: Object.fromEntries(Object.entries(nodes).map(([node, got]) => [node, comparable(got)])),
      links: (config.topology.links ?? []).map(({ written, ...link }) =>
        // Of a stitched VXLAN the parsed link says less than what is written.
        comparable(withoutDefault(written === 'brief' ? link : { ...link, type: written })),
      ),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The environment that {@link containerlabSense} reads in. */
export const ENVIRONMENT = { HOME: '/somewhere', PATH: '/usr/bin' }

export function ownSense({ name, topology }: LabTopology): Sense {
  return {
    name,
    nodes: Object.fromEntries(
      Object.keys(topology.nodes ?? {}).map((node) => [
        node,
        comparable(explicit(effectiveNode(topology, node))),
      ]),
    ),
    links: (topology.links ?? []).map((link) => comparable(linkOf(link))),
  }
}

/** What containerlab fills in, or says in another way. */
function explicit(node: NodeDefinition): Record<string, unknown> {
  const policy = node['image-pull-policy']?.toLowerCase() ?? 'ifnotpresent'
  const named: Readonly<Record<string, string>> = {
    always: 'Always',
    never: 'Never',
    ifnotpresent: 'IfNotPresent',
  }
  const ports = node.ports?.map(portOf).toSorted()
  return { ...node, ports, 'image-pull-policy': named[policy], privileged: node.privileged ?? true }
}

/** `[ADDRESS:]PORT:CONTAINER-PORT[/PROTOCOL]` with all three colons and the protocol. */
function portOf(text: string): string {
  const [ports = '', protocol = 'tcp'] = text.split('/')
  const parts = ports.split(':')
  return `${['', '', ...parts].slice(-3).join(':')}/${protocol}`
}

/** 9500 is what a link without MTU gets; a brief one has it at once. */
function linkOf(link: TopologyLink): unknown {
  const long = longLink(link)
  return long === undefined ? undefined : withoutDefault(long)
}

function withoutDefault(link: Readonly<Record<string, unknown>>): unknown {
  return { ...link, mtu: link['mtu'] === 9500 ? undefined : link['mtu'] }
}

/** Without what means nothing: empty texts, lists and maps, zeros, false; durations in one form. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => comparable(one) ?? '')
  if (typeof value !== 'object' || value === null)
    return value === null || value === '' || value === 0 || value === false || value === '0s'
      ? undefined
      : durationOf(value)
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const one = comparable(inner)
    const isEmpty =
      one === undefined || (typeof one === 'object' && one !== null && Object.keys(one).length === 0)
    return isEmpty ? [] : [[key, one]]
  })
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Go's `1h0m0s` is `1h`. */
function durationOf(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/^(\d+h)0m0s$/, '$1').replace(/^(\d+m)0s$/, '$1') : value
}
