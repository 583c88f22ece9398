/**
 * A BGP speaker that brings a session up and then says what it is told to: octets in hex, as they are. What the other end answers it
 * writes as one line of JSON.
 *
 *     node bgp-speaker.mjs '{ "local", "remote", "asn", "routerId", "say" }'
 */
import { connect } from 'node:net'

/** @type {{ local: string, remote: string, asn: number, routerId: string, say: string }} */
const { local, remote, asn, routerId, say } = JSON.parse(process.argv[2] ?? '{}')
const [OPEN, UPDATE, NOTIFICATION, KEEPALIVE] = [1, 2, 3, 4]
const MARKER = Buffer.alloc(16, 0xff)
const HEADER = 19

/**
 * RFC 4271 section 4.1
 *
 * @param {number} type
 * @param {Uint8Array} body
 */
function message(type, body) {
  const header = Buffer.alloc(3)
  header.writeUInt16BE(HEADER + body.length, 0)
  header.writeUInt8(type, 2)
  return Buffer.concat([MARKER, header, body])
}

/** RFC 4271 section 4.2, with IPv4 unicast (RFC 4760) and four-octet AS numbers (RFC 6793). */
function open() {
  const capabilities = Buffer.from([1, 4, 0, 1, 0, 1, 65, 4, 0, 0, 0, 0])
  capabilities.writeUInt32BE(asn, 8)
  const fixed = Buffer.alloc(9)
  fixed.writeUInt8(4, 0)
  fixed.writeUInt16BE(asn > 0xffff ? 23456 : asn, 1)
  fixed.writeUInt16BE(90, 3)
  fixed.set(routerId.split('.').map(Number), 5)
  const length = capabilities.length
  return message(OPEN, Buffer.concat([fixed, Buffer.from([length + 2, 2, length]), capabilities]))
}

const socket = connect({ host: remote, port: 179, localAddress: local })
/** @param {object} outcome */
const end = (outcome) => {
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
  process.exit(0)
}
let received = Buffer.alloc(0)
let said = false
socket.on('connect', () => socket.write(open()))
socket.on('error', (error) => end({ error: error.message }))
socket.on('close', () => end({ closed: true }))
socket.on('data', (chunk) => {
  received = Buffer.concat([received, chunk])
  while (received.length >= HEADER && received.length >= received.readUInt16BE(16)) {
    const length = received.readUInt16BE(16)
    const [type, body] = [received.readUInt8(18), received.subarray(HEADER, length)]
    received = received.subarray(length)
    if (type === OPEN) socket.write(message(KEEPALIVE, Buffer.alloc(0)))
    if (type === NOTIFICATION) end({ notification: [body[0], body[1]] })
    if (type === KEEPALIVE && !said) {
      said = true
      socket.write(message(UPDATE, Buffer.from(say, 'hex')))
    }
  }
})
setTimeout(() => end({ silence: true }), 5000)
