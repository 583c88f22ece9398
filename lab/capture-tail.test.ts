import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writePcapng } from '../twin/packet/index.js'
import { CaptureTail } from './capture-tail.js'
import { mergeReceived } from './captures.js'
import { readPcapng } from '../twin/packet/index.js'

const interfaces = [{ name: 'eth1' }]
const packet = (text: string, direction: 'inbound' | 'outbound', timestamp = 1n) => ({
  bytes: new TextEncoder().encode(text),
  direction,
  timestamp,
})
const whole = (...packets: ReturnType<typeof packet>[]) => writePcapng({ interfaces, packets })
const text = (frames: readonly Uint8Array[]) => frames.map((frame) => new TextDecoder().decode(frame))

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'zt-capture-'))
  file = path.join(folder, 'x.pcapng')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the tail of a capture', () => {
  it('gives what was received since the last time, and not what was sent', () => {
    writeFileSync(file, whole(packet('one', 'inbound'), packet('sent', 'outbound')))
    const tail = new CaptureTail(file)
    expect(text(tail.received(statSync(file).size))).toEqual(['one'])
    expect(tail.received(statSync(file).size)).toEqual([])
    const header = whole().length
    appendFileSync(file, whole(packet('two', 'inbound'), packet('three', 'inbound')).subarray(header))
    expect(text(tail.received(statSync(file).size))).toEqual(['two', 'three'])
  })

  it('waits for the rest of a frame, wherever the file ends meanwhile', () => {
    const bytes = whole(packet('one', 'inbound'), packet('two', 'inbound'))
    for (let end = whole().length; end <= bytes.length; end++) {
      writeFileSync(file, bytes.subarray(0, end))
      const tail = new CaptureTail(file)
      const before = text(tail.received(end))
      writeFileSync(file, bytes)
      expect([...before, ...text(tail.received(bytes.length))]).toEqual(['one', 'two'])
    }
  })

  it('refuses a file that is none', () => {
    writeFileSync(file, 'not a capture at all')
    expect(() => new CaptureTail(file).received(20)).toThrow(/ZT_LAB_FORMAT: .*octet 0: a block of type/)
  })
})

describe('the captures of both ends of a link', () => {
  it('become one, in order of time, each direction as its receiver saw it', () => {
    const merged = mergeReceived([
      { node: 'leaf1', bytes: whole(packet('late', 'inbound', 30n), packet('mine', 'outbound', 10n)) },
      { node: 'spine1', bytes: whole(packet('early', 'inbound', 20n)) },
    ])
    const { packets, interfaces: ends } = readPcapng(merged)
    expect(ends.map(({ name }) => name)).toEqual(['to leaf1', 'to spine1'])
    expect(text(packets.map(({ bytes }) => bytes))).toEqual(['early', 'late'])
    expect(packets.map((one) => one.interface)).toEqual([1, 0])
  })
})
