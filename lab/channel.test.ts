import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Channel } from './channel.js'
import { encodeMessage, MessageReader } from './framing.js'

interface Request {
  readonly id: number
  readonly op: string
}
let folder: string
let socket: string
let server: Server
/** What the other end does with a request. */
let onRequest: (request: Request, reply: (message: unknown) => void, client: Socket) => void

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'zt-channel-'))
  socket = path.join(folder, 'sock')
  onRequest = ({ id, op }, reply) => reply({ id, ok: true, op })
  server = createServer((client) => {
    const reader = new MessageReader()
    client.on('error', () => undefined)
    client.on('data', (chunk: Buffer) => {
      for (const message of reader.push(chunk)) {
        onRequest(message as Request, (answer) => client.write(encodeMessage(answer)), client)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
})
afterEach(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

describe('a channel', () => {
  it('matches answers to requests, in whatever order they come', async () => {
    const held: (() => void)[] = []
    onRequest = ({ id, op }, reply) => {
      held.unshift(() => reply({ id, ok: true, op }))
      if (held.length === 3) for (const answer of held) answer()
    }
    const channel = await Channel.open(socket, 'it')
    const answers = await Promise.all(['a', 'b', 'c'].map((op) => channel.request({ op })))
    expect(answers).toEqual([{ op: 'a' }, { op: 'b' }, { op: 'c' }])
    channel.close()
  })

  it('gives a refusal its code, its reason and its remedy', async () => {
    onRequest = ({ id }, reply) =>
      reply({ id, ok: false, code: 'unknown-interface', message: 'no port 9', remedy: 'use 1' })
    const channel = await Channel.open(socket, 'the engine of leaf1')
    await expect(channel.request({ op: 'set-vni' })).rejects.toMatchObject({
      code: 'ZT_LAB_REFUSED',
      message: expect.stringContaining('the engine of leaf1 refused set-vni: unknown-interface: no port 9'),
      remedy: 'use 1',
    })
    channel.close()
  })

  it('gives up an answer that does not come, and is not confused when it comes after all', async () => {
    let late: (() => void) | undefined
    onRequest = ({ id, op }, reply) => {
      if (op === 'slow') late = () => reply({ id, ok: true })
      else reply({ id, ok: true, op })
    }
    const channel = await Channel.open(socket, 'it')
    await expect(channel.request({ op: 'slow' }, { timeout: 10 })).rejects.toMatchObject({
      code: 'ZT_LAB_DEADLINE',
    })
    late?.()
    expect(await channel.request({ op: 'quick' })).toEqual({ op: 'quick' })
    channel.close()
  })

  it('fails all that wait, once, when the other end goes', async () => {
    onRequest = (_request, _reply, client) => client.destroy()
    const channel = await Channel.open(socket, 'it')
    let closed = 0
    channel.onClose = () => closed++
    const results = await Promise.allSettled([channel.request({ op: 'a' }), channel.request({ op: 'b' })])
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected'])
    await expect(channel.request({ op: 'c' })).rejects.toMatchObject({ code: 'ZT_LAB_CONNECTION' })
    expect(closed).toBe(1)
  })

  it.each([
    ['an answer that is none', { hello: 1 }],
    ['a refusal without a code', { id: 1, ok: false }],
  ])('ends over %s', async (_what, answer) => {
    onRequest = (_request, reply) => reply(answer)
    const channel = await Channel.open(socket, 'it')
    await expect(channel.request({ op: 'a' })).rejects.toMatchObject({ code: 'ZT_LAB_PROTOCOL' })
  })

  it('says whom it cannot reach', async () => {
    await expect(Channel.open(path.join(folder, 'nobody'), 'the probe')).rejects.toMatchObject({
      code: 'ZT_LAB_CONNECTION',
      message: expect.stringContaining('cannot reach the probe'),
    })
  })

  it('passes events on', async () => {
    onRequest = ({ id }, reply) => {
      reply({ event: 'progress', step: 'engines' })
      reply({ id, ok: true })
    }
    const channel = await Channel.open(socket, 'labd')
    const events: unknown[] = []
    channel.onEvent = (event) => events.push(event)
    await channel.request({ op: 'up' })
    expect(events).toEqual([{ event: 'progress', step: 'engines' }])
    channel.close()
  })
})
