/**
 * Sending on ports and macsec interfaces (PORT-5), and punting (PUNT-1).
 *
 * @module
 */
import type { Port } from './config.js'
import type { Machine } from './machine.js'
import { sendSealed } from './macsec-send.js'
import type { Macsec } from './macsec-state.js'
import { passes } from './pass.js'
import { whole } from './tunnelled-frame.js'
import type { Wireguard } from './wireguard-state.js'

/** PORT-5: sends a frame on a port, or on a macsec interface and through it by what is below. */
export function send(m: Machine, on: Port | Macsec, frame: Uint8Array): void {
  m.trace?.step('PORT-5', on.id, `sent, ${frame.length} octets`)
  if (on.kind === 'macsec') sendSealed(m, on, frame)
  else m.tx(on, frame)
}

/** PUNT-1: hands a frame, as it is on its receiving interface, to the kernel. */
export function punt(m: Machine, on: Port | Macsec | Wireguard, received: Uint8Array): void {
  const frame = whole(received)
  const port = on.kind === 'port' ? on : on.lower
  if (port?.kind !== 'port') {
    m.trace?.step('PUNT-1', on.id, 'no port is below')
    m.fate('punt-unavailable')
    return
  }
  m.trace?.step('PUNT-1', port.id, port.tap ? 'punted' : 'the port has no TAP')
  if (passes(port, frame)) m.trace?.step('PUNT-3', port.id, 'passed by XDP, in no journal')
  if (port.tap) m.punt(port, frame)
  else m.fate('punt-unavailable')
}
