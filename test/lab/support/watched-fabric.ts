/**
 * A plain fabric with its daemons running, and what observes them.
 *
 * @module
 */
import { originatePath } from '../../../agent/convert.js'
import { GobgpClient } from '../../../agent/gobgp-client.js'
import type { NodeControl } from '../../../contract/control-plane.js'
import type { RibPath, RibRow } from '../../../contract/rib.js'
import { observe, type DaemonObserver } from '../../../lab/daemons/observer.js'
import { daemonPrograms } from '../../../lab/daemons/programs.js'
import { untilQuiet } from '../../../lab/daemons/quiet.js'
import { plainFabric, type PlainFabric } from './plain-fabric.js'

export interface Watched {
  readonly fabric: PlainFabric
  readonly observers: ReadonlyMap<string, DaemonObserver>
  readonly clients: ReadonlyMap<string, GobgpClient>
  quiet(): Promise<void>
  paths(node: string, key: string): Promise<readonly RibPath[] | undefined>
  /** All tables of all nodes. */
  rows(): Promise<readonly RibRow[]>
  down(): Promise<void>
}

export async function watch(fabric: PlainFabric): Promise<Watched> {
  const doors = fabric.daemons.doors()
  const pids = new Map(fabric.daemons.states().map(({ node, pid }) => [node, pid]))
  const observers = new Map(
    await Promise.all(
      doors.map(async (door) => [door.node, await observe(door, pids.get(door.node) ?? undefined)] as const),
    ),
  )
  const { protoFolder } = daemonPrograms()
  const clients = new Map(
    doors
      .filter(({ control }) => control.daemon === 'gobgp')
      .map(({ node, socket }) => [node, new GobgpClient({ socket, protoFolder })]),
  )
  const close = () => {
    for (const one of [...observers.values(), ...clients.values()]) one.close()
  }
  return {
    fabric,
    observers,
    clients,
    quiet: () => untilQuiet([...observers.values()]),
    async paths(node, key) {
      const { rows } = await observers.get(node)!.rib()
      return rows.find((row) => row.key === key)?.paths
    },
    async rows() {
      const readings = await Promise.all([...observers.values()].map((observer) => observer.rib()))
      const unread = readings.flatMap((reading) => reading.unread)
      if (unread.length > 0) throw new Error(`not read: ${unread.join('; ')}`)
      return readings.flatMap((reading) => reading.rows)
    },
    async down() {
      close()
      await fabric.down()
    },
  }
}

/** Starts all daemons, has leaves announce their loopbacks, and waits until all is at rest. */
export async function start(nodes: ReadonlyMap<string, NodeControl>): Promise<Watched> {
  const fabric = await plainFabric(nodes)
  try {
    await fabric.daemons.start(AbortSignal.timeout(20_000))
    const watched = await watch(fabric)
    for (const [node, client] of watched.clients)
      for (const prefix of nodes.get(node)!.originate) await client.add(originatePath(prefix))
    await watched.quiet()
    return watched
  } catch (error) {
    await fabric.down()
    throw error
  }
}
