/**
 * A fabric as JSON, and its mapping of networks to VLANs, VNIs and VRFs as JSON of its own: out and in again without loss.
 *
 * @module
 */
import { VNI_MAPPING_VERSION, VniMapping, type FabricFile } from '../../contract/fabric.js'
import type { Fabric } from './fabric.js'
import type { LoadResult } from './load.js'
import { didYouMean } from './names.js'
import { Problems, type ProblemCode } from './problem.js'
import { shape } from './shape.js'
import { decodeText, type Source } from './source.js'
import { formatPath, placeOfValue, type Path, type Tree } from './tree.js'
import { reviseFabric } from './write.js'
import { parseYaml } from './yaml.js'

/** The fabric file's data, fragments merged in. As JSON it is a fabric file too, which `parseFabric` reads. */
export function exportFabric(fabric: Fabric): FabricFile {
  const { include: _, ...data } = structuredClone(fabric.file)
  return data
}

/** VLAN, VNI and VRF of every network that has a VNI. The VRF of a tenant has the tenant's name. */
export function exportMapping(fabric: Fabric): VniMapping {
  return {
    format: 'ztos-vni-mapping',
    version: VNI_MAPPING_VERSION,
    fabric: fabric.name,
    vrfs: fabric.tenants
      .filter((tenant) => !tenant.underlay)
      .map((tenant) => ({
        vrf: tenant.name,
        ...(tenant.l3vni === undefined ? {} : { l3vni: tenant.l3vni }),
        networks: tenant.networks.flatMap(({ name, vlan, vni }) =>
          vni === undefined ? [] : [{ name, vni, ...(vlan === undefined ? {} : { vlan }) }],
        ),
      })),
  }
}

/**
 * Gives a fabric the numbers of a mapping. Tenants and networks that the mapping leaves out keep theirs; in those that it
 * names, a VLAN or L3 VNI that it leaves out is taken away.
 *
 * @param text JSON, as {@link exportMapping} gave it
 * @param name its file name, for problems
 */
export function importMapping(fabric: Fabric, text: string | Uint8Array, name: string): LoadResult {
  const problems = new Problems()
  const mapping = readMapping(text, name, problems)
  const file = mapping === undefined ? undefined : apply(mapping, fabric, problems)
  if (problems.any || file === undefined)
    return { problems: problems.sorted(), warnings: problems.warnings() }
  return reviseFabric(fabric, file)
}

interface ReadMapping {
  readonly mapping: VniMapping
  readonly tree: Tree
}

function readMapping(
  content: string | Uint8Array,
  name: string,
  problems: Problems,
): ReadMapping | undefined {
  const decoded = decodeText(content)
  if ('fault' in decoded) {
    const { code, at, reason, remedy } = decoded.fault
    problems.add(code, { at: { file: name, source: 0, start: at, end: at }, path: '' }, reason, remedy)
    return undefined
  }
  const source: Source = { file: name, name, index: 0, text: decoded.text }
  const tree = parseYaml(source, problems)
  if (tree === undefined) return undefined
  const mapping = shape(tree, VniMapping, {}, problems)
  return mapping === undefined || problems.any ? undefined : { mapping, tree }
}

function apply({ mapping, tree }: ReadMapping, fabric: Fabric, problems: Problems): FabricFile {
  const file = exportFabric(fabric)
  const tenants = file.tenants ?? {}
  const bad = (code: ProblemCode, path: Path, reason: string, remedy: string): void =>
    problems.add(code, { at: placeOfValue(tree, path), path: formatPath(path) }, reason, remedy)
  for (const [i, { vrf, l3vni, networks }] of mapping.vrfs.entries()) {
    const tenant = Object.hasOwn(tenants, vrf) ? tenants[vrf] : undefined
    if (tenant === undefined) {
      bad(
        'ZT_FABRIC_UNKNOWN_NAME',
        ['vrfs', i, 'vrf'],
        `${vrf} is no tenant of ${fabric.name}${didYouMean(vrf, Object.keys(tenants))}`,
        'name a tenant of the fabric, or add it to the fabric first',
      )
      continue
    }
    if (l3vni === undefined) delete tenant.l3vni
    else tenant.l3vni = l3vni
    for (const [j, { name, vlan, vni }] of networks.entries()) {
      const network = Object.hasOwn(tenant.networks, name) ? tenant.networks[name] : undefined
      if (network === undefined) {
        bad(
          'ZT_FABRIC_UNKNOWN_NAME',
          ['vrfs', i, 'networks', j, 'name'],
          `${name} is no network of ${vrf}${didYouMean(name, Object.keys(tenant.networks))}`,
          'name a network of the tenant, or add it to the fabric first',
        )
        continue
      }
      network.vni = vni
      if (vlan === undefined) delete network.vlan
      else network.vlan = vlan
    }
  }
  return file
}
