/**
 * What can be seen of a node's daemons: sessions, counts, queues, tables. One connection to each daemon, held.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { withoutZone, type ApiPeer } from '../../agent/gobgp-api.js'
import type { BgpSession } from '../../contract/control-plane.js'
import { systemCode } from '../errors.js'
import { formatIp, parseIp } from '../../twin/packet/index.js'
import type { DaemonDoor } from './launch.js'
import { daemonPrograms } from './programs.js'
import { parseAs, type RibReading } from './rib.js'
import { readFrrRib } from './rib-frr.js'
import { Vty } from './vty.js'

export interface SessionLook {
  readonly peer: string
  readonly link: string
  readonly established: boolean
  /** BGP UPDATE messages since the daemon started. */
  readonly updatesSent: number
  readonly updatesReceived: number
  /** How often the session went down. */
  readonly interruptions: number
  /** Messages in the daemon's queues, both ways. */
  readonly queued: number
  /** Whether BFD hears the peer; absent where the session has none. */
  readonly bfd?: 'up' | 'down'
}
export interface DaemonLook {
  readonly node: string
  readonly sessions: readonly SessionLook[]
  /** Work that is left, one sentence each. */
  readonly queued: readonly string[]
}
export interface DaemonObserver {
  readonly node: string
  look(): Promise<DaemonLook>
  /** The node's BGP tables as they are now. */
  rib(): Promise<RibReading>
  close(): void
}

/**
 * @param pid of a process in the node's network namespace, to look at its sockets; absent: they are not looked at
 * @throws LabError `ZT_LAB_CONNECTION`, AgentError when a daemon cannot be asked
 */
export async function observe(door: DaemonDoor, pid?: number): Promise<DaemonObserver> {
  return door.control.daemon === 'frr' ? observeFrr(door, pid) : observeGobgp(door, pid)
}

/** As {@link observe}, of a node that runs FRR. */
export async function observeFrr(
  { node, control, socket }: DaemonDoor,
  pid?: number,
): Promise<DaemonObserver> {
  const bgpd = await Vty.open(socket, 'bgpd')
  const zebra = await Vty.open(socket, 'zebra').catch((error: unknown) => {
    bgpd.close()
    throw error
  })
  return {
    node,
    async look() {
      const [neighbours, bgpdWork, zebraWork, dataplane] = await Promise.all([
        bgpd.askJson('show bgp neighbors json'),
        bgpd.ask('show work-queues'),
        zebra.ask('show work-queues'),
        zebra.ask('show zebra dplane'),
      ])
      return {
        node,
        sessions: frrSessions(control.sessions, neighbours, node),
        queued: [
          ...frrWork('bgpd', bgpdWork),
          ...frrWork('zebra', zebraWork),
          ...frrDataplane(dataplane),
          ...socketQueues(pid),
        ],
      }
    },
    rib: () => readFrrRib(bgpd, node, control),
    close() {
      bgpd.close()
      zebra.close()
    },
  }
}

async function observeGobgp({ node, control, socket }: DaemonDoor, pid?: number): Promise<DaemonObserver> {
  // Whoever has agents to ask needs none of it, and it is a tenth of a second to load.
  const [{ GobgpClient }, { readGobgpRib }] = await Promise.all([
    import('../../agent/gobgp-client.js'),
    import('./rib-gobgp.js'),
  ])
  const client = new GobgpClient({ socket, protoFolder: daemonPrograms().protoFolder })
  await client.ready(10_000)
  return {
    node,
    async look() {
      return {
        node,
        sessions: gobgpSessions(control.sessions, await client.peers(), node),
        queued: socketQueues(pid),
      }
    },
    rib: () => readGobgpRib(client, node, control),
    close: () => client.close(),
  }
}

const Neighbours = z.record(
  z.string(),
  z.object({
    bgpState: z.string(),
    messageStats: z.object({
      depthInq: z.int(),
      depthOutq: z.int(),
      updatesSent: z.int(),
      updatesRecv: z.int(),
    }),
    peerBfdInfo: z.object({ status: z.string().optional() }).optional(),
    addressFamilyInfo: z.record(z.string(), z.object({ packetQueueLength: z.int().optional() })).optional(),
    connectionsDropped: z.int(),
  }),
)

/** From `show bgp neighbors json`. @throws LabError `ZT_LAB_FORMAT` */
export function frrSessions(sessions: readonly BgpSession[], answer: unknown, node: string): SessionLook[] {
  const neighbours = parseAs(Neighbours, answer, `neighbours of ${node}`)
  return sessions.map(({ peer, link, port, remote, unnumbered, bfd }) => {
    // An FRR is called by the interface (`peerName`).
    const neighbour =
      neighbours[formatIp(parseIp(remote))] ?? (unnumbered === true ? neighbours[port] : undefined)
    if (neighbour === undefined) return absent(peer, link)
    const { bgpState, messageStats, addressFamilyInfo = {}, connectionsDropped, peerBfdInfo } = neighbour
    const packets = Object.values(addressFamilyInfo).map(({ packetQueueLength = 0 }) => packetQueueLength)
    return {
      peer,
      link,
      established: bgpState === 'Established',
      updatesSent: messageStats.updatesSent,
      updatesReceived: messageStats.updatesRecv,
      interruptions: connectionsDropped,
      queued: messageStats.depthInq + messageStats.depthOutq + packets.reduce((sum, one) => sum + one, 0),
      ...bfdOf(bfd, peerBfdInfo?.status === 'Up'),
    }
  })
}

const Count = z.coerce.number().int().default(0)
const Peers = z.array(
  z.object({
    conf: z.object({ neighborAddress: z.string() }),
    state: z.object({
      sessionState: z.string().optional(),
      flops: Count,
      outQ: Count,
      bfdState: z.object({ sessionState: z.string().optional() }).optional(),
      messages: z
        .object({
          sent: z.object({ update: Count }).prefault({}),
          received: z.object({ update: Count, discarded: Count }).prefault({}),
        })
        .prefault({}),
    }),
  }),
)

/**
 * From `ListPeer`. An update that gobgpd could not use is counted apart (`discarded`); it has been received all the same.
 *
 * @throws LabError `ZT_LAB_FORMAT`
 */
export function gobgpSessions(
  sessions: readonly BgpSession[],
  answer: readonly ApiPeer[],
  node: string,
): SessionLook[] {
  const peers = parseAs(Peers, answer, `peers of ${node}`)
  const byAddress = new Map(peers.map(({ conf, state }) => [withoutZone(conf.neighborAddress), state]))
  return sessions.map(({ peer, link, remote, bfd }) => {
    const state = byAddress.get(formatIp(parseIp(remote)))
    if (state === undefined) return absent(peer, link)
    const { sent, received } = state.messages
    return {
      peer,
      link,
      established: state.sessionState === 'SESSION_STATE_ESTABLISHED',
      updatesSent: sent.update,
      updatesReceived: received.update + received.discarded,
      interruptions: state.flops,
      queued: state.outQ,
      ...bfdOf(bfd, state.bfdState?.sessionState === 'BFD_SESSION_STATE_UP'),
    }
  })
}

function bfdOf(bfd: BgpSession['bfd'], up: boolean): Pick<SessionLook, 'bfd'> {
  return bfd === undefined ? {} : { bfd: up ? 'up' : 'down' }
}

function absent(peer: string, link: string): SessionLook {
  const none = { updatesSent: 0, updatesReceived: 0, interruptions: 0, queued: 0 }
  return { peer, link, established: false, ...none }
}

/** Rows of `show work-queues` that have items: `         3    50       15  …  process_queue`. */
export function frrWork(program: string, text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, items, name] = /^\s*P?\s*(\d+)(?:\s+\d+){7}\s+(.+)$/.exec(line) ?? []
    return items === undefined || items === '0' ? [] : [`${items} items in ${program}'s ${name ?? 'queue'}`]
  })
}

/** Routes on their way to the kernel, from `show zebra dplane`. */
export function frrDataplane(text: string): string[] {
  const depth = /^Route update queue depth:\s*(\d+)$/m.exec(text)?.[1] ?? '0'
  return depth === '0' ? [] : [`${depth} route updates on their way to the kernel`]
}

/** Octets that BGP's sockets hold in the kernel, sent and not acknowledged or received and not read. */
function socketQueues(pid: number | undefined): string[] {
  if (pid === undefined) return []
  return ['tcp', 'tcp6'].flatMap((family) => queuedOctets(readOrNone(`/proc/${pid}/net/${family}`)))
}

/** BGP's port, 179, as the kernel writes it. */
const BGP_PORT = '00B3'

/** From `/proc/net/tcp` (proc(5)): established connections of port 179 whose queues hold something. */
export function queuedOctets(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', remote = '', state, queues = ''] = line.trim().split(/\s+/)
    if (state !== '01' || ![local, remote].some((end) => end.endsWith(`:${BGP_PORT}`))) return []
    const octets = queues.split(':').reduce((sum, hex) => sum + Number.parseInt(hex, 16), 0)
    return octets === 0 ? [] : [`${octets} octets in a BGP socket`]
  })
}

function readOrNone(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    // The process is gone, or the kernel has no IPv6: no socket either.
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EINVAL') return ''
    throw error
  }
}
