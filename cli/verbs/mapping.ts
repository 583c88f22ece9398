/**
 * `ztos mapping`.
 *
 * @module
 */
import type { VniMapping } from '../../contract/fabric.js'
import { ExitStatus } from '../../record/exit-status.js'
import {
  exportFabric,
  exportMapping,
  importMapping,
  writeFabric,
  type Fabric,
} from '../../twin/model/index.js'
import { UnsoundFabric } from '../errors.js'
import { readFabric, readText } from '../fabric-input.js'
import type { Run } from '../invocation.js'
import { printable } from '../printable.js'
import { indented, table } from '../table.js'

export const run: Run<'mapping'> = ({ arguments: { file }, options: { import: given } }) => {
  const fabric = readFabric(file)
  const exit = ExitStatus.Holds
  if (given === undefined) {
    const mapping = exportMapping(fabric)
    return { exit, json: () => mapping, text: () => mappingText(mapping) }
  }
  const revised = revisedBy(given, fabric)
  return { exit, json: () => exportFabric(revised), text: () => filesText(revised) }
}

/** @throws UnsoundFabric with the places in the mapping, or in the fabric that it would make */
function revisedBy(file: string, fabric: Fabric): Fabric {
  const text = readText(file, 'the mapping')
  const { fabric: revised, problems = [] } = importMapping(fabric, text, file)
  if (revised === undefined) throw new UnsoundFabric(file, problems, new Map([[file, text]]))
  return revised
}

/** A line for each VRF and network. */
function mappingText({ vrfs }: VniMapping): string {
  const rows = vrfs.flatMap(({ vrf, l3vni, networks }) => [
    [vrf, '', '', textOf(l3vni)],
    ...networks.map(({ name, vlan, vni }) => [vrf, name, textOf(vlan), textOf(vni)]),
  ])
  return `${indented(table(['vrf', 'network', 'vlan', 'vni'], rows)).join('\n')}\n`
}

function textOf(number: number | undefined): string {
  return number === undefined ? '-' : `${number}`
}

/** The file as it stands with its new numbers; where there are fragments, each behind a comment with its name. */
function filesText(fabric: Fabric): string {
  const files = writeFabric(fabric)
  const [only] = files
  if (files.length === 1 && only !== undefined) return only.text
  return files.map(({ name, text }) => `# ${printable(name)}\n${text}`).join('\n')
}
