/**
 * Where a lab keeps what it needs while it runs (`docs/layout.md`): `/run/ztos/<uid>/<lab>/`, on tmpfs, so that a reboot
 * leaves nothing.
 *
 * @module
 */
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Parent of all labs' state. */
export const RUN_ROOT = '/run/ztos'
/** Where `ip netns` keeps its names. */
export const NETNS_ROOT = '/run/netns'

/** The files of one lab. */
export interface LabPaths {
  readonly folder: string
  readonly lab: string
  readonly plan: string
  readonly keys: string
  readonly seals: string
  readonly socket: string
  readonly log: string
  readonly probeSocket: string
  readonly probeConfig: string
  readonly probeStatistics: string
  readonly wireSocket: string
  readonly wireConfig: string
  readonly agentsSocket: string
  readonly agentsConfig: string
  /** Of a lab of containers: its topology definition file, and whom to ask about it. */
  readonly topology: string
  readonly containers: string
  /** What a node is given, and only reads. */
  nodeConfig(node: string): string
  nodeProgram(node: string): string
  /** Values of the keys that its program names, 0600. */
  nodeKeys(node: string): string
  /** What a node makes. Short names: a socket's has 107 octets (unix(7)), and a node's may have 63. */
  nodeFolder(node: string): string
  nodeSocket(node: string): string
  nodeJournal(node: string): string
  nodeStatistics(node: string): string
  nodeCaptures(node: string): string
  /** What its engine says. */
  nodeLog(node: string): string
}

/** The folder of a user's labs. */
export function userFolder(uid: number, root: string = RUN_ROOT): string {
  return path.join(root, String(uid))
}

/** Names only, nothing is touched. */
export function labPaths(uid: number, lab: string, root: string = RUN_ROOT): LabPaths {
  const folder = path.join(userFolder(uid, root), lab)
  const in_ = (...names: string[]) => path.join(folder, ...names)
  return {
    folder,
    lab: in_('lab.json'),
    plan: in_('plan.json'),
    keys: in_('keys.json'),
    seals: in_('seals.json'),
    socket: in_('labd.sock'),
    log: in_('labd.log'),
    // Nodes are named `[a-z][a-z0-9-]*`; the underscore keeps the probe's files apart from those of a node "probe".
    probeSocket: in_('_probe.sock'),
    probeConfig: in_('_probe.json'),
    probeStatistics: in_('_probe.stats'),
    wireSocket: in_('_wire.sock'),
    wireConfig: in_('_wire.json'),
    agentsSocket: in_('_agents.sock'),
    agentsConfig: in_('_agents.json'),
    topology: in_(`${lab}.clab.yml`),
    containers: in_('containers.json'),
    nodeConfig: (node) => in_('config', node),
    nodeProgram: (node) => in_('config', node, 'program.json'),
    nodeKeys: (node) => in_('config', node, 'keys.json'),
    nodeFolder: (node) => in_('nodes', node),
    nodeSocket: (node) => in_('nodes', node, 'control'),
    nodeJournal: (node) => in_('nodes', node, 'journal.ztj'),
    nodeStatistics: (node) => in_('nodes', node, 'stats'),
    nodeCaptures: (node) => in_('nodes', node, 'pcap'),
    nodeLog: (node) => in_(`${node}.log`),
  }
}

/** The folder that holds `package.json`, whether this file runs from the sources or from `dist/`. */
export function packageRoot(): string {
  const here = path.dirname(fileURLToPath(import.meta.url))
  return path.basename(path.dirname(here)) === 'dist' ? path.join(here, '..', '..') : path.join(here, '..')
}
