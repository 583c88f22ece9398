/**
 * Walks for people, programs and capture tools.
 *
 * @module
 */
import { toHex } from '../packet/bytes.js'
import { describeFrame } from '../packet/describe.js'
import { writePcapng, type InterfaceToWrite } from '../packet/pcapng.js'
import type { PacketToWrite } from '../packet/capture.js'
import type { Hop, NodeHop, Walk, WalkEvent, WalkSent } from './walk.js'

/** A walk as text, a paragraph a hop. */
export function formatWalk(walk: Walk): string {
  const lines = [`${walk.fabric}: from ${walk.start}`, `  ${describeFrame(walk.frame)}`]
  for (const [index, hop] of walk.hops.entries()) lines.push('', ...hopLines(hop, index + 1))
  return `${lines.join('\n')}\n`
}

function hopLines(hop: Hop, number: number): string[] {
  const head = String(number).padStart(3)
  if (hop.kind === 'host') {
    const what =
      hop.answered !== undefined
        ? `answers (${hop.answered})`
        : hop.foreign
          ? 'foreign frame arrived'
          : 'arrived'
    return [`${head} host ${hop.host}: ${what}`, `    ${describeFrame(hop.frame)}`]
  }
  const arrival =
    hop.interface === undefined
      ? hop.controlled === true
        ? 'control plane'
        : 'clock'
      : `${hop.interface}${hop.from === undefined ? '' : ` from ${hop.from}`}`
  const lines = [`${head} ${hop.node}: ${arrival}${hop.at === 0n ? '' : `, after ${formatSeconds(hop.at)}`}`]
  if (hop.frame !== undefined) lines.push(`    ${describeFrame(hop.frame)}`)
  if (hop.clear !== undefined) lines.push(`    opened: ${describeFrame(hop.clear)}`)
  return [...lines, ...hop.events.flatMap(eventLines)]
}

function eventLines(event: WalkEvent): string[] {
  switch (event.kind) {
    case 'step':
      return [
        `      ${event.clause.padEnd(10)} ${event.interface ?? ''}${event.interface === undefined ? '' : ': '}${event.what}`,
      ]
    case 'fate':
      return [`    = ${event.fate} (${event.clause})`]
    case 'punt':
      return [`    > punted to the kernel on ${event.interface} (${event.clause})`]
    case 'tx': {
      const shown = event.clear ?? event.frame
      const to = event.to === undefined ? '' : ` to ${event.to}`
      const sealed = event.clear === undefined ? '' : ' sealed:'
      return [`    > sent on ${event.interface}${to} (${event.clause})${sealed} ${describeFrame(shown)}`]
    }
  }
}

function formatSeconds(ns: bigint): string {
  return `${Number(ns) / 1e9} s`
}

/** A walk as plain data: frames in hexadecimal, time in nanoseconds as text. */
export function walkToJson(walk: Walk): unknown {
  return {
    format: 'ztos-walk',
    version: 1,
    fabric: walk.fabric,
    start: walk.start,
    frame: toHex(walk.frame),
    hops: walk.hops.map((hop) => plain(hop)),
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}

/**
 * A walk as a pcapng file: the frame at every hop, one capture interface for each `node:interface` and host. A sealed
 * frame is there twice, as it is on the wire and opened (`node:interface (opened)`). Time is that of the walk.
 */
export function walkToPcapng(walk: Walk): Uint8Array {
  const interfaces: InterfaceToWrite[] = []
  const packets: PacketToWrite[] = []
  const add = (
    name: string,
    bytes: Uint8Array,
    timestamp: bigint,
    direction: 'inbound' | 'outbound',
    comments: string[],
  ) => {
    let index = interfaces.findIndex((one) => one.name === name)
    if (index < 0) index = interfaces.push({ name }) - 1
    packets.push({ timestamp, bytes, interface: index, comments, direction })
  }
  let now = 0n
  for (const [index, hop] of walk.hops.entries()) {
    const comment = `hop ${index + 1}`
    if (hop.kind === 'host') {
      add(hop.host, hop.frame, now, 'inbound', [comment])
      continue
    }
    now = hop.at
    addReceived(hop, comment, add)
    for (const event of hop.events)
      if (event.kind === 'tx' || event.kind === 'punt') addSent(hop, event, comment, add)
  }
  return writePcapng({
    interfaces,
    packets,
    application: 'ztos trace',
    comments: [`${walk.fabric}: from ${walk.start}`],
  })
}

type Add = (
  name: string,
  bytes: Uint8Array,
  at: bigint,
  direction: 'inbound' | 'outbound',
  comments: string[],
) => void

function addReceived(hop: NodeHop, comment: string, add: Add): void {
  if (hop.frame === undefined) return
  const name = `${hop.node}:${hop.interface}`
  const fates = hop.events.flatMap((event) =>
    event.kind === 'fate' ? [`${event.fate} (${event.clause})`] : [],
  )
  add(name, hop.frame, hop.at, 'inbound', [comment, ...fates])
  if (hop.clear !== undefined) add(`${name} (opened)`, hop.clear, hop.at, 'inbound', [comment])
}

function addSent(hop: NodeHop, event: WalkSent, comment: string, add: Add): void {
  const name = `${hop.node}:${event.interface}`
  add(name, event.frame, hop.at, 'outbound', [`${comment}, ${event.kind} (${event.clause})`])
  if (event.clear !== undefined) add(`${name} (opened)`, event.clear, hop.at, 'outbound', [comment])
}
