/**
 * From text to a fabric.
 *
 * @module
 */
import { FABRIC_VERSION, FabricFile } from '../../contract/fabric.js'
import { checkWhole } from './check.js'
import { Context } from './context.js'
import type { Fabric } from './fabric.js'
import { Problems, type Problem } from './problem.js'
import { gather, type Reader } from './include.js'
import { lintControl } from './lint.js'
import { readIntents } from './read-intents.js'
import { readLinks } from './read-links.js'
import { readNodes } from './read-nodes.js'
import { readPolicies } from './read-policies.js'
import { readSeals } from './read-seals.js'
import { readTunnelVnis } from './check-seals.js'
import { readTenants } from './read-tenants.js'
import { readUnderlay } from './read-underlay.js'
import { shape } from './shape.js'

/** A fabric, or everything that is wrong; and what is probably not meant. */
export type LoadResult = { readonly warnings: readonly Problem[] } & (
  | { readonly fabric: Fabric; readonly problems?: undefined }
  | { readonly problems: readonly Problem[]; readonly fabric?: undefined }
)

/**
 * Reads a fabric from text, which cannot include fragments.
 *
 * @param name file name, for problems
 */
export function parseFabric(text: string | Uint8Array, name: string): LoadResult {
  return loadWith({ read: () => text, list: undefined }, name)
}

/** Reads a fabric by way of a reader of files. */
export function loadWith(reader: Reader, file: string): LoadResult {
  const problems = new Problems()
  const fabric = readFabric(reader, file, problems)
  // A fabric with a problem is none: nobody gets to see it.
  const warnings = problems.warnings()
  if (problems.any || fabric === undefined) return { problems: problems.sorted(), warnings }
  return { fabric, warnings }
}

/** For a faulty head: the rest can be judged without it. */
const STAND_INS = { ztos: FABRIC_VERSION, name: 'unnamed' }

function readFabric(reader: Reader, file: string, problems: Problems): Fabric | undefined {
  const gathered = gather(reader, file, problems)
  if (gathered === undefined) return undefined
  const data = shape(gathered.tree, FabricFile, STAND_INS, problems)
  if (data === undefined) return undefined
  const context = new Context(data, gathered.tree, problems)
  const underlay = readUnderlay(context)
  if (underlay === undefined) return undefined
  const nodes = readNodes(context, underlay.bgp)
  const seals = readSeals(context)
  const links = readLinks(context, nodes, seals)
  const tenants = readTenants(context, nodes, seals)
  const parts = { underlay, nodes, links, tenants, tunnelVnis: readTunnelVnis(context) }
  checkWhole(context, parts)
  const policies = readPolicies(context, parts)
  lintControl(context, parts, policies)
  const intents = readIntents(context, links, tenants)
  return { name: data.name, ...parts, policies, intents, file: data, sources: gathered.sources }
}
