import * as fc from 'fast-check'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Channel } from '../channel.js'
import { encodeMessage, MessageReader } from '../framing.js'
import { createFolder, selfIdentity } from './folder.js'
import { RunningLab } from './running-lab.js'
import { LabdServer } from './server.js'

const invoker = { uid: process.getuid!(), gid: process.getgid!() }
let root: string
let server: LabdServer
let socket: string
let log: string[]

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'zt-labd-'))
  log = []
  const state = {
    format: 'ztos-lab' as const,
    version: 1 as const,
    id: 'zzzzzz',
    uid: invoker.uid,
    fabric: '',
    created: new Date().toISOString(),
    attached: true,
    phase: 'starting' as const,
    labd: selfIdentity(),
  }
  const paths = createFolder(invoker, state, root)
  socket = paths.socket
  server = new LabdServer({
    invoker,
    id: state.id,
    lab: new RunningLab(invoker, paths, state),
    log: (line) => log.push(line),
    onDown: () => undefined,
  })
  await server.listen()
})
afterEach(async () => {
  await server.close()
  rmSync(root, { recursive: true, force: true })
})

/** Sends octets, and collects what comes back until the other end hangs up. */
async function exchange(...chunks: readonly Buffer[]): Promise<unknown[]> {
  const client = connect(socket)
  await once(client, 'connect')
  const messages: unknown[] = []
  const reader = new MessageReader()
  client.on('data', (chunk: Buffer) => messages.push(...reader.push(chunk)))
  for (const chunk of chunks) client.write(chunk)
  await ended(client)
  return messages
}
async function ended(client: Socket): Promise<void> {
  client.on('error', () => undefined)
  client.resume()
  client.on('end', () => client.end())
  await once(client, 'close')
}
function header(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}
async function isWell(): Promise<void> {
  const channel = await Channel.open(socket, 'labd')
  expect(await channel.request({ op: 'hello' })).toMatchObject({
    version: 1,
    lab: 'zzzzzz',
    phase: 'starting',
  })
  channel.close()
}

describe('the socket of labd', () => {
  it('is the invoking user’s alone', () => {
    const { mode, uid } = statSync(socket)
    expect([mode & 0o777, uid]).toEqual([0o600, invoker.uid])
  })

  it('hangs up on a message that is too long, and serves the next client', async () => {
    expect(await exchange(header(0x7fffffff))).toMatchObject([{ ok: false, code: 'ZT_LAB_PROTOCOL' }])
    expect(log.join()).toContain('a client broke the protocol')
    await isWell()
  })

  it.each([
    ['no JSON', Buffer.from('{"op":')],
    ['no UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22])],
  ])('hangs up on %s', async (_what, body) => {
    expect(await exchange(header(body.length), body)).toMatchObject([{ ok: false, code: 'ZT_LAB_PROTOCOL' }])
    await isWell()
  })

  it.each([
    ['no object', 7],
    ['null', null],
    ['no operation', { id: 1 }],
    ['an operation that is none', { id: 1, op: 'reboot' }],
    ['a field too many', { id: 1, op: 'hello', more: true }],
    ['an id that is none', { id: -1, op: 'hello' }],
    [
      'a plan that is none',
      {
        id: 1,
        op: 'up',
        plan: {},
        keys: {},
        attached: true,
        journal: true,
        deadline: 1,
        stepwise: false,
        programs: {},
      },
    ],
    ['a key that is none', { id: 1, op: 'keys', keys: { 'lab:core': 'secret' } }],
    ['a command without a program', { id: 1, op: 'exec', exec: 1, at: 'leaf1', argv: [] }],
    ['a signal that is none', { id: 1, op: 'exec-signal', exec: 1, signal: 'SIGSTOP' }],
  ])('refuses %s and stays connected', async (_what, message) => {
    const client = connect(socket)
    await once(client, 'connect')
    const reader = new MessageReader()
    const answers: unknown[] = []
    client.on('data', (chunk: Buffer) => answers.push(...reader.push(chunk)))
    client.write(encodeMessage(message))
    client.write(encodeMessage({ id: 9, op: 'hello' }))
    while (answers.length < 2) await once(client, 'data')
    expect(answers).toMatchObject([
      { ok: false, code: 'ZT_LAB_PROTOCOL' },
      { id: 9, ok: true },
    ])
    client.destroy()
  })

  it('never tells a key that it refuses', async () => {
    const channel = await Channel.open(socket, 'labd')
    const secret = 'deadbeefdeadbeefdeadbeefdeadbee'
    const refused = channel.request({ op: 'keys', keys: { 'lab:core': secret } })
    await expect(refused).rejects.toThrow(/ZT_LAB_PROTOCOL/)
    await expect(refused).rejects.not.toThrow(secret)
    channel.close()
  })

  it.each([
    ['control', { op: 'node', node: 'leaf1', request: { op: 'stats' } }, 'ZT_LAB_UNKNOWN'],
    ['the probe', { op: 'probe', request: { op: 'stats' } }, 'ZT_LAB_STATE'],
    ['a command', { op: 'exec', exec: 1, at: 'leaf1', argv: ['true'] }, 'ZT_LAB_UNKNOWN'],
    ['input for a command', { op: 'exec-input', exec: 1, data: 'AA==' }, 'ZT_LAB_UNKNOWN'],
    ['a signal for a command', { op: 'exec-signal', exec: 1, signal: 'SIGKILL' }, 'ZT_LAB_UNKNOWN'],
  ])('refuses %s before there is a lab', async (_what, request, code) => {
    const channel = await Channel.open(socket, 'labd')
    await expect(channel.request(request)).rejects.toMatchObject({ code })
    channel.close()
  })

  it('survives whatever octets come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { minLength: 1, maxLength: 4 }),
        async (chunks) => {
          const client = connect(socket)
          await once(client, 'connect')
          for (const chunk of chunks) client.write(chunk)
          client.end()
          await ended(client)
          expect(client.destroyed).toBe(true)
        },
      ),
      { numRuns: 50 },
    )
    await isWell()
  })

  it('forgets a client that goes in the middle of a message', async () => {
    const client = connect(socket)
    await once(client, 'connect')
    client.write(header(100))
    client.destroy()
    await ended(client)
    await isWell()
    await vi.waitFor(() => expect(server.idle).toBe(true))
  })

  it('takes no more clients than it can serve', async () => {
    const clients = Array.from({ length: 80 }, () => connect(socket).on('error', () => undefined))
    await Promise.all(clients.map((client) => once(client, 'connect')))
    await Promise.race(clients.map((client) => once(client, 'close')))
    expect(clients.filter((client) => !client.destroyed).length).toBeGreaterThanOrEqual(64)
    for (const client of clients) client.destroy()
  })
})
