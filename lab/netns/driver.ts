/**
 * Namespaces and cables of a lab: made from its wiring, and swept away whatever state they are in.
 *
 * @module
 */
import { readdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { findBinary } from '../binaries.js'
import { runCommand, tryCommand } from '../command.js'
import { commandError, systemCode } from '../errors.js'
import { namespacePrefix } from '../names.js'
import { NETNS_ROOT } from '../paths.js'
import { processesIn, type FoundProcess } from '../process-identity.js'
import { insideScript, removalScript, type NamespaceScript, type NetworkScript } from './script.js'

/** Namespaces, veth pairs: one `ip -batch`. */
export async function createNetwork(script: NetworkScript, signal: AbortSignal): Promise<void> {
  await runCommand('creating namespaces and links', ['ip', '-batch', '-'], {
    input: lines(script.create),
    signal,
  })
}

/** Everything inside namespaces, spread over the cores. */
export async function configureNamespaces(
  inside: readonly NamespaceScript[],
  signal: AbortSignal,
): Promise<void> {
  const program = findBinary('ztos-netns')
  const parts = Math.min(availableParallelism(), inside.length)
  const shares = Array.from({ length: parts }, (_, n) => inside.filter((_script, i) => i % parts === n))
  await Promise.all(
    shares.map((share) =>
      runCommand('setting up the inside of the namespaces', [program, 'set-up'], {
        input: insideScript(share),
        signal,
      }),
    ),
  )
}

/**
 * Gives namespaces of processes the names that containerlab gives them, as `ip netns` does it: containerlab's are links into `/proc`, which
 * nobody may follow who may not look at the process.
 */
export async function nameNamespaces(pids: ReadonlyMap<string, number>): Promise<void> {
  for (const name of pids.keys()) rmSync(path.join(NETNS_ROOT, name), { force: true })
  await runCommand("naming containers' namespaces", ['ip', '-batch', '-'], {
    input: lines([...pids].map(([name, pid]) => `netns attach ${name} ${pid}`)),
  })
}

/** The beginning of a command line that runs in a namespace. */
export function entering(namespace: string): string[] {
  return [findBinary('ztos-netns'), 'enter', namespace]
}

/** The lab's namespaces that exist now, whoever made them. */
function namespacesOnHost(lab: string): string[] {
  try {
    return readdirSync(NETNS_ROOT)
      .filter((name) => name.startsWith(namespacePrefix(lab)))
      .sort()
  } catch (error) {
    // No namespace was ever named on this host.
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

/** A process that is in a namespace of the lab and is not the lab's: a shell that somebody opened there. */
export interface Lodger extends FoundProcess {
  readonly namespace: string
}

/**
 * Removes the lab's namespaces, and with them every link and TAP in them. Lodgers are left alone; what they keep alive is an
 * empty namespace without a name, since its devices are removed one by one before.
 *
 * @returns lodgers found
 */
export async function removeNamespaces(lab: string): Promise<readonly Lodger[]> {
  return removeThese(lab, namespacesOnHost(lab))
}

/** As {@link removeNamespaces}, some of them. */
export async function removeThese(lab: string, names: readonly string[]): Promise<readonly Lodger[]> {
  if (names.length === 0) return []
  const lodgers = processesIn(names.map((name) => path.join(NETNS_ROOT, name))).map((found) => ({
    ...found,
    namespace: path.basename(found.namespace),
  }))
  for (const namespace of new Set(lodgers.map((lodger) => lodger.namespace))) await removeDevices(namespace)
  const outcome = await tryCommand(['ip', '-force', '-batch', '-'], { input: lines(removalScript(names)) })
  const left = namespacesOnHost(lab).filter((name) => names.includes(name))
  if (left.length > 0) throw commandError(`removing the namespaces of lab ${lab}`, outcome)
  return lodgers
}

/** Removes namespaces that nobody lodges in. */
export async function removeNamespacesNamed(names: readonly string[]): Promise<void> {
  await tryCommand(['ip', '-force', '-batch', '-'], { input: lines(removalScript(names)) })
}

/** Removes what is said inside namespaces that stay; what is gone already is no error. */
export async function removeInside(scripts: readonly NamespaceScript[]): Promise<void> {
  for (const { namespace, lines: inside } of scripts)
    await tryCommand(['ip', '-n', namespace, '-force', '-batch', '-'], { input: lines(inside) })
}

async function removeDevices(namespace: string): Promise<void> {
  const listed = await tryCommand(['ip', '-n', namespace, '-json', 'link', 'show'])
  // The namespace may be gone by now, which is what is wanted.
  if (listed.code !== 0) return
  const links = JSON.parse(listed.stdout) as { readonly ifname: string }[]
  const devices = links.map(({ ifname }) => ifname).filter((name) => name !== 'lo')
  if (devices.length === 0) return
  // One end of a veth takes the other with it, so some are gone when their turn comes.
  await tryCommand(['ip', '-n', namespace, '-force', '-batch', '-'], {
    input: lines(devices.map((device) => `link del ${device}`)),
  })
}

function lines(text: readonly string[]): string {
  return `${text.join('\n')}\n`
}
