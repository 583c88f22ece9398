import { expect, test } from 'vitest'
import { FrameReader, readFrames } from './frames.js'

function frame(stream: number, text: string | Buffer): Buffer {
  const octets = Buffer.from(text)
  const head = Buffer.alloc(8)
  head.writeUInt8(stream, 0)
  head.writeUInt32BE(octets.length, 4)
  return Buffer.concat([head, octets])
}

test('nothing said is nothing', () => {
  expect(readFrames(Buffer.alloc(0))).toEqual({ stdout: '', stderr: '' })
})

test('streams are told apart, each in its order', () => {
  const said = Buffer.concat([frame(1, 'one\n'), frame(2, 'oh\n'), frame(1, ''), frame(1, 'two\n')])
  expect(readFrames(said)).toEqual({ stdout: 'one\ntwo\n', stderr: 'oh\n' })
})

test('a letter may lie in two frames', () => {
  const octets = Buffer.from('ü')
  const said = Buffer.concat([frame(1, octets.subarray(0, 1)), frame(1, octets.subarray(1))])
  expect(readFrames(said).stdout).toBe('ü')
})

test.each([
  ['a head', frame(1, 'text').subarray(0, 5), 'a frame at octet 0 is cut off'],
  ['a text', frame(1, 'text').subarray(0, 10), 'a frame at octet 0 is cut off'],
  ['a stream', Buffer.concat([frame(1, 'a'), frame(7, 'text')]), 'a frame at octet 9 is of stream 7'],
])('%s that is none is refused', (_what, octets, message) => {
  expect(() => readFrames(octets)).toThrow(message)
})

test('frames are taken apart however they come', () => {
  const all = Buffer.concat([frame(1, 'one'), frame(2, ''), frame(1, 'and more')])
  for (const size of [1, 3, 7, 8, 11, all.length]) {
    const reader = new FrameReader()
    const said = []
    for (let at = 0; at < all.length; at += size) said.push(...reader.push(all.subarray(at, at + size)))
    reader.end()
    expect(said.map(({ stream, data }) => [stream, data.toString()])).toEqual([
      ['stdout', 'one'],
      ['stderr', ''],
      ['stdout', 'and more'],
    ])
  }
})
