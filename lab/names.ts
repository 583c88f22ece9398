/**
 * Names on a host: labs, namespaces, devices (`docs/layout.md`).
 *
 * @module
 */
import { randomInt } from 'node:crypto'
import type { Plan } from '../contract/plan.js'
import { LabError } from './errors.js'

/** IFNAMSIZ less the terminating zero (`linux/if.h`). */
export const MAX_DEVICE_NAME = 15
const PHY_SUFFIX = '.phy'
const LAB_ID = /^[a-z0-9]{6}$/
const NODE_NAME = /^[a-z][a-z0-9-]{0,62}$/
/** What `dev_valid_name` allows and a shell, a path and a sysctl need no quoting for. */
const DEVICE_NAME = /^[A-Za-z][A-Za-z0-9_-]*$/
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Six letters or digits, 36^6 of them: two labs of a host practically never meet, and `up` refuses an id in use. */
export function newLabId(random: (below: number) => number = (below) => randomInt(below)): string {
  return Array.from({ length: 6 }, () => LETTERS.charAt(random(LETTERS.length))).join('')
}

export function isLabId(text: string): boolean {
  return LAB_ID.test(text)
}

/** Every namespace of a lab begins so, and none of another's does. */
export function namespacePrefix(lab: string): string {
  return `zt-${lab}-`
}

/** The device that the engine owns beneath a port. */
export function phyName(port: string): string {
  return `${port}${PHY_SUFFIX}`
}

/** Namespaces of nodes and hosts, by node name and host id. */
export interface Namespaces {
  readonly nodes: ReadonlyMap<string, string>
  readonly hosts: ReadonlyMap<string, string>
}

/**
 * The namespaces of a plan's nodes and hosts. A host's name joins tenant and host by `-`, so two may come out the same
 * (`a/b-c`, `a-b/c`, a node `h-a-b-c`); later ones then get `.2`, `.3` in the plan's order.
 *
 * @throws LabError `ZT_LAB_PLAN` for names that are none
 */
export function namespacesOf(lab: string, plan: Pick<Plan, 'nodes' | 'hosts'>): Namespaces {
  const taken = new Set<string>()
  const claim = (wanted: string): string => {
    let name = wanted
    for (let n = 2; taken.has(name); n++) name = `${wanted}.${n}`
    taken.add(name)
    return name
  }
  const nodes = new Map(
    plan.nodes.map(({ name }) => [name, claim(`${namespacePrefix(lab)}${checkNode(name)}`)]),
  )
  const hosts = new Map(
    plan.hosts.map(({ id }) => {
      const parts = id.split('/').map(checkNode)
      return [id, claim(`${namespacePrefix(lab)}h-${parts.join('-')}`)]
    }),
  )
  return { nodes, hosts }
}

/** A port's name, checked for use as a device with `.phy` behind it. */
export function checkPortName(node: string, port: string): string {
  if (!DEVICE_NAME.test(port) || phyName(port).length > MAX_DEVICE_NAME) {
    throw new LabError('ZT_LAB_PLAN', `port ${JSON.stringify(port)} of ${node} cannot be a device`, {
      remedy: `use a name of letters, digits, - and _ of at most ${MAX_DEVICE_NAME - PHY_SUFFIX.length} characters`,
    })
  }
  return port
}

function checkNode(name: string): string {
  if (!NODE_NAME.test(name)) {
    throw new LabError('ZT_LAB_PLAN', `${JSON.stringify(name)} cannot be part of a namespace's name`, {
      remedy: 'use lower-case letters, digits and -, beginning with a letter',
    })
  }
  return name
}
