/**
 * JSON Schemas, made from the zod schemas that the product itself parses with.
 *
 * @module
 */
import { z } from 'zod'
import { CONTROL_VERSION, EngineRequest } from '../../dist/contract/control.js'
import { FABRIC_VERSION, FabricFile, VNI_MAPPING_VERSION, VniMapping } from '../../dist/contract/fabric.js'
import { TOPOLOGY_VERSION, LabTopology } from '../../dist/contract/lab-topology.js'
import { Plan, PLAN_VERSION } from '../../dist/contract/plan.js'
import { NodeProgram, PROGRAM_VERSION } from '../../dist/contract/program.js'

/** @type {readonly { name: string, version: number, title: string, schema: z.ZodType }[]} */
const sources = [
  { name: 'fabric', version: FABRIC_VERSION, title: 'Fabric file: what a person writes', schema: FabricFile },
  {
    name: 'node-program',
    version: PROGRAM_VERSION,
    title: 'NodeProgram: what one node does',
    schema: NodeProgram,
  },
  {
    name: 'lab-topology',
    version: TOPOLOGY_VERSION,
    title: 'Topology of a lab: what a topology definition file of containerlab says',
    schema: LabTopology,
  },
  { name: 'plan', version: PLAN_VERSION, title: 'Plan: what a fabric file compiles to', schema: Plan },
  {
    name: 'vni-mapping',
    version: VNI_MAPPING_VERSION,
    title: 'VNI mapping: the VLAN, VNI and VRF of every network',
    schema: VniMapping,
  },
  { name: 'engine-request', version: CONTROL_VERSION, title: 'Request to the engine', schema: EngineRequest },
]

/**
 * @returns {[file: string, text: string][]} as they lie in the repository
 */
export function schemas() {
  return sources.map(({ name, version, title, schema }) => {
    // `input`: what a writer may write, before defaults are filled in.
    const made = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input', unrepresentable: 'throw' })
    const { $schema, ...rest } = made
    const text = JSON.stringify({ $schema, $id: `ztos:${name}-${version}`, title, ...rest }, undefined, 2)
    return [`contract/schema/${name}-${version}.json`, `${text}\n`]
  })
}
