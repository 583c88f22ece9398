/**
 * Frames as text for people: one line, a line a layer, and hexadecimal.
 *
 * @module
 */
import { decodeFrame, decodePacket } from './decode.js'
import { describeProblem, detailLayer, summariseLayer } from './describe-layer.js'
import { isError } from './icmp.js'
import { isError as isErrorV6 } from './icmpv6.js'
import type { Layer } from './layer.js'

/**
 * A frame in one line, from the outside in.
 *
 * @example
 * ```
 * 02:00:00:00:00:01 > 02:00:00:00:00:02 | 10.0.0.1 > 10.0.0.2 ttl 64 | udp 1000 > 53 | payload 8 (54 octets)
 * ```
 */
export function describeFrame(bytes: Uint8Array): string {
  const layers = decodeFrame(bytes)
  const problems = layers.flatMap((layer) => layer.problems.map(describeProblem))
  const bad = problems.length === 0 ? '' : ` BAD: ${problems.join('; ')}`
  return `${layers.map(summariseLayer).join(' | ')} (${bytes.length} octets)${bad}`
}

/** What {@link explainFrame} shows besides the layers. */
export interface ExplainOptions {
  /** Hexadecimal octets below; off unless given. */
  readonly hex?: boolean
}

/** A frame with a line for each layer, each problem below its layer, and what an ICMP error quotes indented. */
export function explainFrame(bytes: Uint8Array, options: ExplainOptions = {}): string {
  const lines = [`${bytes.length} octets`, ...explainLayers(decodeFrame(bytes), '  ', 0)]
  if (options.hex === true) lines.push(hexDump(bytes))
  return lines.join('\n')
}

/** An ICMP error may quote an ICMP error only of a broken sender; two levels are enough to see it. */
const MAX_QUOTES = 2

function explainLayers(layers: readonly Layer[], indent: string, quotes: number): string[] {
  const lines: string[] = []
  let before: Layer | undefined
  for (const layer of layers) {
    lines.push(`${indent}${String(layer.offset).padStart(4)} ${detailLayer(layer)}`)
    for (const problem of layer.problems) lines.push(`${indent}     ! ${describeProblem(problem)}`)
    if (layer.kind === 'payload' && quotesPacket(before) && quotes < MAX_QUOTES) {
      lines.push(...explainLayers(decodePacket(layer.data), `${indent}     | `, quotes + 1))
    }
    before = layer
  }
  return lines
}

function quotesPacket(layer: Layer | undefined): boolean {
  return (
    (layer?.kind === 'icmp' && isError(layer.type)) || (layer?.kind === 'icmpv6' && isErrorV6(layer.type))
  )
}

/**
 * Sixteen octets a line: offset, hexadecimal, printable ASCII. `text2pcap` reads it back.
 *
 * @example
 * ```
 * 0000  02 00 00 00 00 02 02 00  00 00 00 01 08 00 45 00  ..............E.
 * ```
 */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)]
    const digits = row.map((octet) => octet.toString(16).padStart(2, '0'))
    const left = digits.slice(0, 8).join(' ').padEnd(23)
    const right = digits.slice(8).join(' ').padEnd(23)
    const text = row
      .map((octet) => (octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '.'))
      .join('')
    lines.push(`${at.toString(16).padStart(4, '0')}  ${left}  ${right}  ${text}`)
  }
  return lines.join('\n')
}
