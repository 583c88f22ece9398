/**
 * A fabric as a lab that containerlab brings up without this project: a topology definition file, and for each container a folder with what
 * the node image reads (`lab/image/README.md`).
 *
 * @module
 */
import type { Plan, PlanHost, PlanNode } from '../../contract/plan.js'
import { beforeControl } from '../../twin/before-control.js'
import { KERNEL_LINES } from '../daemons/commands.js'
import { LabError } from '../errors.js'
import { namespacePrefix } from '../names.js'
import { ipv6Lines, networkScript, NO_IPV6 } from '../netns/script.js'
import { CONTAINER_HOST_DEVICE as HOST_DEVICE, wiringOf } from '../netns/wiring.js'
import { controlFiles } from './control.js'
import { topologyText } from './topology.js'

export interface ExportOptions {
  /** Values by reference. */
  readonly keys: ReadonlyMap<string, Uint8Array>
  /** Of the node image, as Docker has it. */
  readonly image: string
}
export interface ExportedFile {
  readonly text: string
  /** 0o600 for keys. */
  readonly mode: number
}
/** Files by their names in the lab's folder. */
export type ExportedLab = ReadonlyMap<string, ExportedFile>

/** Stands for the lab where names of namespaces are made, and is taken off again. */
const NOBODY = 'export'
/**
 * Settings of a whole namespace are containerlab's to make; those of devices wait for the devices. Whether there is IPv6 the node says, too: what
 * a file says of that, containerlab turns round.
 */
const OF_NAMESPACE = /^sysctl (ipv[46]\/(?:conf\/(?:all|default)\/)?(?!disable_ipv6 )[a-z0-9_]+) (\S+)$/

/** @throws LabError `ZT_LAB_PLAN` for what no lab can have */
export function exportLab(whole: Plan, { keys, image }: ExportOptions): ExportedLab {
  const plan = beforeControl(whole)
  const wiring = wiringOf(NOBODY, plan, HOST_DEVICE)
  const files = new Map<string, ExportedFile>()
  const scripts = scriptsOf(plan, wiring)
  const control = controlFiles(plan)
  const add = (name: string, file: string, text: string, mode = 0o644) =>
    files.set(`nodes/${name}/${file}`, { text, mode })
  for (const { node, namespace } of wiring.nodes) {
    const name = nameOf(namespace)
    const { program } = nodeOf(plan, node)
    add(name, 'program.json', `${JSON.stringify(program, null, 2)}\n`)
    add(name, 'set-up', textOf((scripts.get(name) ?? []).filter((line) => !OF_NAMESPACE.test(line))))
    const own = keysOf(program, keys)
    if (Object.keys(own).length > 0) add(name, 'keys.json', `${JSON.stringify(own)}\n`, 0o600)
    for (const [file, text] of control.get(node) ?? []) add(name, file, text)
  }
  for (const { host, namespace } of wiring.hosts)
    add(nameOf(namespace), 'set-up', textOf(hostLines(hostOf(plan, host))))
  const sysctls = new Map([...scripts].map(([name, lines]) => [name, sysctlsOf(lines)]))
  const text = topologyText(plan, { wiring, image, nameOf, sysctls })
  return new Map([[`${plan.fabric}.clab.yml`, { text, mode: 0o644 }], ...files])
}

/** What is done inside each container, all settings included. */
function scriptsOf(plan: Plan, wiring: ReturnType<typeof wiringOf>): ReadonlyMap<string, readonly string[]> {
  const controlled = new Set(plan.nodes.flatMap(({ name, control }) => (control === undefined ? [] : [name])))
  return new Map(
    networkScript(wiring).rest.inside.map(({ namespace, lines }) => {
      const name = nameOf(namespace)
      return [name, controlled.has(name) ? [...lines, ...KERNEL_LINES] : lines]
    }),
  )
}

function sysctlsOf(lines: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, path, value] = OF_NAMESPACE.exec(line) ?? []
      return path === undefined || value === undefined ? [] : [[`net.${path.replaceAll('/', '.')}`, value]]
    }),
  )
}

/** As a person would set a host up: address, MTU, the way out. */
function hostLines({ addresses, gateways, mtu }: PlanHost): string[] {
  const has6 = addresses.some((one) => one.includes(':'))
  return [
    ...NO_IPV6,
    'up lo',
    ...(has6 ? ipv6Lines(HOST_DEVICE) : []),
    `up ${HOST_DEVICE}`,
    `plain ${HOST_DEVICE}`,
    `ip link set ${HOST_DEVICE} mtu ${mtu}`,
    ...addresses.map((one) => `ip addr add ${one} dev ${HOST_DEVICE}${one.includes(':') ? ' nodad' : ''}`),
    ...gateways.map((gateway) => `ip route add default via ${gateway} dev ${HOST_DEVICE}`),
  ]
}

/** Those that a program names, in hexadecimal digits. */
function keysOf(program: PlanNode['program'], keys: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  const text = JSON.stringify(program)
  return Object.fromEntries(
    [...keys]
      .filter(([reference]) => text.includes(JSON.stringify(reference)))
      .map(([reference, value]) => [reference, Buffer.from(value).toString('hex')]),
  )
}

function nameOf(namespace: string): string {
  return namespace.slice(namespacePrefix(NOBODY).length)
}

function nodeOf(plan: Plan, name: string): PlanNode {
  return found(
    plan.nodes.find((node) => node.name === name),
    name,
  )
}

function hostOf(plan: Plan, id: string): PlanHost {
  return found(
    plan.hosts.find((host) => host.id === id),
    id,
  )
}

function found<T>(one: T | undefined, name: string): T {
  if (one === undefined) throw new LabError('ZT_LAB_PLAN', `the plan contradicts itself: it has no ${name}`)
  return one
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
