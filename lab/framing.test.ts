import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_MESSAGE } from '../contract/control.js'
import { encodeMessage, MessageReader } from './framing.js'

function header(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

describe('framing', () => {
  it('puts messages together however the stream was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.array(fc.nat(50)), (messages, cuts) => {
        const stream = Buffer.concat(messages.map(encodeMessage))
        const reader = new MessageReader()
        const read: unknown[] = []
        let at = 0
        for (const cut of [...cuts, stream.length]) {
          const end = Math.min(at + cut, stream.length)
          read.push(...reader.push(stream.subarray(at, end)))
          at = end
        }
        read.push(...reader.push(stream.subarray(at)))
        expect(read).toEqual(messages.map((message): unknown => JSON.parse(JSON.stringify(message))))
        expect(reader.pending).toBe(0)
      }),
    )
  })

  it('refuses a length above the limit before anything of it has come', () => {
    expect(() => [...new MessageReader().push(header(MAX_MESSAGE + 1))]).toThrow(
      /ZT_LAB_PROTOCOL: a message of 16777217 octets/,
    )
  })

  it.each([
    ['no JSON', Buffer.from('{')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['nothing', Buffer.alloc(0)],
  ])('refuses %s', (_what, body) => {
    expect(() => [...new MessageReader().push(Buffer.concat([header(body.length), body]))]).toThrow(
      /ZT_LAB_PROTOCOL/,
    )
  })

  it('does not send what the other end would refuse', () => {
    expect(() => encodeMessage('x'.repeat(MAX_MESSAGE))).toThrow(/ZT_LAB_PROTOCOL/)
  })
})
