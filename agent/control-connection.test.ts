import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchesOf, ControlConnection } from './control-connection.js'
import { frameMessage } from './framing.js'

describe('a connection to an engine', () => {
  let folder: string
  let server: Server
  let behave: (socket: Socket) => void
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'zt-agent-'))
    server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      behave(socket)
    })
    await new Promise<void>((resolve) => server.listen(path.join(folder, 's'), resolve))
  })
  afterEach(async () => {
    await new Promise((resolve) => {
      server.close(resolve)
    })
    rmSync(folder, { recursive: true })
  })
  const open = () => ControlConnection.open(path.join(folder, 's'), 'the engine of leaf1')

  it.each<[string, RegExp, (socket: Socket) => void]>([
    [
      'closes',
      /ZT_AGENT_CONNECTION: the engine of leaf1 closed the connection, before it answered hello/,
      (socket) => socket.destroy(),
    ],
    [
      'says nothing',
      /ZT_AGENT_DEADLINE: the engine of leaf1 did not answer hello within 50 ms/,
      () => undefined,
    ],
    [
      'says too much',
      /ZT_AGENT_PROTOCOL: .*above the limit/s,
      (socket) => socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff])),
    ],
    [
      'answers what nobody asked',
      /ZT_AGENT_PROTOCOL: .*nobody asked/s,
      (socket) => socket.write(frameMessage({ id: 77, ok: true })),
    ],
    [
      'refuses without a word',
      /ZT_AGENT_PROTOCOL/,
      (socket) => socket.write(frameMessage({ id: 1, ok: false })),
    ],
    [
      'refuses',
      /ZT_AGENT_REFUSED: the engine of leaf1 refused hello: busy: not now/,
      (socket) => socket.write(frameMessage({ id: 1, ok: false, code: 'busy', message: 'not now' })),
    ],
  ])('that %s is an error that says so', async (_what, message, does) => {
    behave = (socket) => socket.once('data', () => does(socket))
    const connection = await open()
    await expect(connection.request('hello', '', 50)).rejects.toThrow(message)
    connection.close()
  })

  it('that is not there is an error', async () => {
    await expect(ControlConnection.open(path.join(folder, 'none'), 'the engine of leaf1')).rejects.toThrow(
      /ZT_AGENT_CONNECTION: cannot reach the engine of leaf1 at .*ENOENT/,
    )
  })
})

describe('batches', () => {
  it('keep all in order, and none is above its limits unless it is one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string()),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 40 }),
        (texts, count, octets) => {
          const batches = batchesOf(texts, count, octets)
          expect(batches.flat()).toEqual(texts)
          for (const batch of batches) {
            expect(batch.length).toBeGreaterThan(0)
            expect(batch.length).toBeLessThanOrEqual(count)
            const alone = batch.length === 1
            expect(alone || Buffer.byteLength(batch.join()) <= octets).toBe(true)
          }
        },
      ),
    )
  })
})
