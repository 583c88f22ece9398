/**
 * Decoded layers as a person would give them to be encoded.
 *
 * @module
 */
import type { Layer, LayerSpec } from '../../twin/packet/index.js'

const COMPUTED = new Set([
  'totalLength',
  'payloadLength',
  'length',
  'checksum',
  'shortLength',
  'offset',
  'size',
  'problems',
])

/** Takes out what `encodeFrame` computes, and where the layer lay. */
export function withoutComputed(layers: readonly Layer[]): readonly LayerSpec[] {
  return layers.map((layer) => {
    // Not computed: CRC32c, and the decision to send no UDP checksum.
    const keep = layer.kind === 'sctp' || (layer.kind === 'udp' && layer.checksum === 0) ? 'checksum' : ''
    const entries = Object.entries(layer).filter(([key]) => key === keep || !COMPUTED.has(key))
    return Object.fromEntries(entries) as unknown as LayerSpec
  })
}
