/**
 * What reading a daemon's tables gives, whichever daemon it is.
 *
 * @module
 */
import type { z } from 'zod'
import type { NodeControl } from '../../contract/control-plane.js'
import type { RibPath, RibRow } from '../../contract/rib.js'
import { LabError } from '../errors.js'
import { sourceOf } from '../../twin/control/rows.js'
import { formatIp, parseIp } from '../../twin/packet/index.js'

export interface RibReading {
  /** By table (ipv4, ipv6, evpn), then key by code unit. */
  readonly rows: readonly RibRow[]
  /** Routes that have no row here, in the daemon's words: of types that the fabric does not use. */
  readonly unread: readonly string[]
}

/** What paths are from (`sourceOf`), by the canonical address of the peer's end. */
export function peerNames(control: NodeControl): ReadonlyMap<string, string> {
  return new Map(
    control.sessions.map((session) => [formatIp(parseIp(session.remote)), sourceOf(control, session)]),
  )
}

export function row(node: string, table: RibRow['table'], key: string, paths: readonly RibPath[]): RibRow {
  // Of one peer there may be several (BGP-14).
  const inOrder = paths.toSorted(
    (a, b) => compareText(a.from, b.from) || compareText(JSON.stringify(a), JSON.stringify(b)),
  )
  return { node, table, key, paths: inOrder }
}

export function inOrder(rows: readonly RibRow[]): RibRow[] {
  const tables = ['ipv4', 'ipv6', 'evpn']
  return rows.toSorted(
    (a, b) => tables.indexOf(a.table) - tables.indexOf(b.table) || compareText(a.key, b.key),
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** @throws LabError `ZT_LAB_FORMAT` naming the field that is not as the daemon should write it */
export function parseAs<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new LabError('ZT_LAB_FORMAT', `${what}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}
