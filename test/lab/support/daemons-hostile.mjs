/**
 * A BGP speaker that behaves badly, in the network namespace that it is started in: takes a call on port 179 (or calls, for who waits) and does
 * what it is told. Prints the first NOTIFICATION (code/subcode), or `closed`.
 *
 *     node daemons-hostile.mjs LOCAL REMOTE ASN KIND
 */
import { connect, createServer } from 'node:net'

const [local = '', remote = '', asn = '', kind = '', way = ''] = process.argv.slice(2)
const MARKER = Buffer.alloc(16, 0xff)

/** @param {number} type */
const message = (type, body = Buffer.alloc(0)) => {
  const head = Buffer.alloc(3)
  head.writeUInt16BE(19 + body.length)
  head.writeUInt8(type, 2)
  return Buffer.concat([MARKER, head, body])
}
/**
 * IPv4 unicast and four-octet AS numbers (RFC 4271 section 4.2, RFC 5492, RFC 6793).
 *
 * @param {number} number
 */
const open = (number) => {
  const as4 = Buffer.from([65, 4, 0, 0, 0, 0])
  as4.writeUInt32BE(number, 2)
  const capabilities = Buffer.concat([Buffer.from([1, 4, 0, 1, 0, 1]), as4])
  const body = Buffer.alloc(10)
  body.writeUInt8(4)
  body.writeUInt16BE(number > 0xffff ? 23456 : number, 1)
  body.writeUInt16BE(9, 3)
  Buffer.from([10, 255, 9, 9]).copy(body, 5)
  body.writeUInt8(capabilities.length + 2, 9)
  return message(1, Buffer.concat([body, Buffer.from([2, capabilities.length]), capabilities]))
}
/** @param {Buffer} attributes @param {Buffer} nlri */
const update = (attributes, nlri) => {
  const lengths = Buffer.alloc(4)
  lengths.writeUInt16BE(attributes.length, 2)
  return message(2, Buffer.concat([lengths, attributes, nlri]))
}
const good = () => {
  const path = Buffer.alloc(6)
  path.writeUInt8(2)
  path.writeUInt8(1, 1)
  path.writeUInt32BE(Number(asn), 2)
  return Buffer.concat([
    Buffer.from([0x40, 1, 1, 0, 0x40, 2, 6]),
    path,
    Buffer.from([0x40, 3, 4, ...local.split('.').map(Number)]),
  ])
}
/** @type {Readonly<Record<string, () => Buffer[]>>} */
const afterOpen = {
  // An attribute list that claims more octets than there are (RFC 4271 section 6.3).
  malformed: () => [message(2, Buffer.from([0, 0, 0xff, 0xff, 0x40, 1]))],
  // A prefix longer than IPv4 has bits.
  prefix: () => [update(good(), Buffer.from([77, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))],
  // ORIGIN of a value that is none: RFC 7606 treats the routes as withdrawn, and the session lives.
  origin: () => {
    const attributes = good()
    attributes[3] = 9
    return [update(attributes, Buffer.from([24, 192, 0, 2]))]
  },
  // 5,200 prefixes in 26 messages, where 5,000 are wanted. Of many more some are unread when it closes: a reset comes then, and its
  // notification may not.
  much: () =>
    Array.from({ length: 26 }, (_, n) => {
      const nlri = Buffer.alloc(200 * 4)
      for (let i = 0; i < 200; i++)
        nlri.set([24, 100 + (n >> 3), (n * 32 + (i >> 3)) & 255, (i & 7) * 32 + (n & 7)], 4 * i)
      return update(good(), nlri)
    }),
}

/** The session has come so far that the message was sent. */
let said = false

/** @param {import('node:net').Socket} socket */
function serve(socket) {
  let rest = Buffer.alloc(0)
  /** @param {Buffer[]} all */
  const send = (...all) => {
    for (const one of all) socket.write(one)
  }
  socket.on('error', () => undefined)
  socket.on('close', () => {
    if (said) finish('closed')
    // It was not ready for the call yet.
    else if (way === 'calls') setTimeout(call, 300)
  })
  send(kind === 'garbage' ? Buffer.alloc(64, 0x42) : open(kind === 'wrong-as' ? 64666 : Number(asn)))
  socket.on('data', (part) => {
    rest = Buffer.concat([rest, part])
    while (rest.length >= 19 && rest.length >= rest.readUInt16BE(16)) {
      const length = rest.readUInt16BE(16)
      const [type, code, subcode] = [rest[18], rest[19], rest[20]]
      rest = rest.subarray(length)
      if (type === 3) finish(`${code}/${subcode}`)
      if (type === 1) send(message(4))
      if (type === 4 && !said) {
        said = true
        send(...(afterOpen[kind]?.() ?? []))
        // ms; a daemon works on too much for a while before it counts it.
        setTimeout(() => finish('lives'), kind === 'much' ? 15_000 : 4_000)
        setInterval(() => send(message(4)), 1000)
      }
    }
  })
}

/** @param {string} what */
function finish(what) {
  process.stdout.write(`${what}\n`, () => process.exit(0))
}

function call() {
  const socket = connect({ host: remote, port: 179, localAddress: local })
  const again = () => setTimeout(call, 300)
  socket.once('error', again)
  socket.once('connect', () => {
    socket.off('error', again)
    serve(socket)
  })
}

createServer(serve).listen(179, local)
if (way === 'calls') call()
// ms; garbage has no session to wait for.
setTimeout(
  () => {
    if (!said) finish('never')
  },
  kind === 'garbage' ? 7_000 : 15_000,
)
