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
  readonly journals: string
  readonly captures: string
  readonly statistics: string
  readonly probeSocket: string
  readonly probeConfig: string
  readonly probeStatistics: string
  readonly wireSocket: string
  readonly wireConfig: string
  readonly agentsSocket: string
  readonly agentsConfig: string
  nodeSocket(node: string): string
  nodeProgram(node: string): string
  nodeJournal(node: string): string
  nodeStatistics(node: string): string
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
    journals: in_('journals'),
    captures: in_('pcap'),
    statistics: in_('stats'),
    // Nodes are named `[a-z][a-z0-9-]*`; the underscore keeps the probe's files apart from those of a node "probe".
    probeSocket: in_('_probe.sock'),
    probeConfig: in_('_probe.json'),
    probeStatistics: in_('stats', '_probe'),
    wireSocket: in_('_wire.sock'),
    wireConfig: in_('_wire.json'),
    agentsSocket: in_('_agents.sock'),
    agentsConfig: in_('_agents.json'),
    nodeSocket: (node) => in_(`${node}.sock`),
    nodeProgram: (node) => in_(`${node}.json`),
    nodeJournal: (node) => in_('journals', `${node}.ztj`),
    nodeStatistics: (node) => in_('stats', node),
  }
}

/** The folder that holds `package.json`, whether this file runs from the sources or from `dist/`. */
export function packageRoot(): string {
  const here = path.dirname(fileURLToPath(import.meta.url))
  return path.basename(path.dirname(here)) === 'dist' ? path.join(here, '..', '..') : path.join(here, '..')
}
