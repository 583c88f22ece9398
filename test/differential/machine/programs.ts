/**
 * Random programs: valid against the contract, otherwise as odd as they come.
 *
 * @module
 */
import type { Interface, NextHopGroup, NodeProgram } from '../../../contract/program.js'
import { formatIpv6, parseIpv6, tryParseIpv6 } from '../../../twin/packet/index.js'
import { addOverlay } from './program-overlay.js'
import { changedMacsec, keysOn, shareAssociations } from './program-macsec.js'
import { addUnderlay, type Draft } from './program-underlay.js'
import { Random } from './random.js'

/** The program of a seed. */
export function randomProgram(seed: number): NodeProgram {
  const random = new Random(seed)
  const taken = new Set<number>()
  const groups: NextHopGroup[] = []
  const draft: Draft = {
    random,
    interfaces: [],
    vrfs: [{ id: 0, name: 'underlay' }],
    tables: { routes: [], groups, neighbours: [], fdb: [], flood: [] },
    newId: () => {
      for (;;) {
        // Ids in no order of kinds, now and then the highest there is.
        const id = random.weighted([
          [30, random.between(1, 250)],
          [1, random.between(251, 65535)],
        ])
        if (taken.has(id)) continue
        taken.add(id)
        return id
      }
    },
    newGroup: (members) => {
      const id = groups.length * 3 + 1
      groups.push({ id, members })
      return id
    },
  }
  addUnderlay(draft)
  // The rest are spines.
  if (random.chance(88)) addOverlay(draft)
  shareAssociations(random, draft.interfaces)
  return canonical({
    format: 'ztos-program',
    version: 1,
    node: 'node1',
    seeds: { ecmp: random.u32(), sourcePort: random.u32() },
    vrfs: draft.vrfs,
    interfaces: draft.interfaces.toSorted((a, b) => a.id - b.id),
    ...(random.chance(35) ? { resilient: true as const } : {}),
    // Where no kernel is, nothing comes of it (CTRL-7).
    ...(random.chance(20) ? { kernelRoutes: true as const } : {}),
    tables: { ...draft.tables, routes: random.shuffle(draft.tables.routes) },
  })
}

/** IPv6 addresses as RFC 5952 has them, which the contract asks for. */
export function canonical<T>(value: T): T {
  const text = JSON.stringify(value)
  return JSON.parse(
    text.replaceAll(
      /"((?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4})(\/\d+)?"/g,
      (given, address: string, bits = '') =>
        tryParseIpv6(address) === undefined ? given : `"${formatIpv6(parseIpv6(address))}${bits}"`,
    ),
  ) as T
}

/**
 * A program that a running node may be given next: the same with some things changed, so that some secure associations
 * stay and some do not (MACSEC-8, MACSEC-9).
 */
export function changedProgram(program: NodeProgram, seed: number): NodeProgram {
  const random = new Random(seed)
  const interfaces = program.interfaces.map((one): Interface => {
    if (one.kind === 'macsec' && random.chance(60)) return changedMacsec(random, one)
    if (one.kind === 'vxlan' && random.chance(20)) return { ...one, ttl: random.between(1, 255) }
    if (one.kind === 'irb' && random.chance(30)) return { ...one, suppress: !one.suppress }
    return one
  })
  const routes = program.tables.routes.filter(() => random.chance(95))
  return { ...program, interfaces, tables: { ...program.tables, routes } }
}

/** A key for every reference that a program or one changed from it can have. */
export function keysOf(program: NodeProgram): Map<string, Uint8Array> {
  const keys = new Map<string, Uint8Array>()
  for (const one of program.interfaces) {
    if (one.kind !== 'macsec') continue
    for (const [reference, key] of keysOn(one.lower)) keys.set(reference, key)
  }
  return keys
}
