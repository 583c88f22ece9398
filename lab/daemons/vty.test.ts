import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Vty } from './vty.js'

let folder: string
let server: Server
/** What the daemon does with a connection. */
let serve: (socket: Socket) => void
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'vty-'))
  server = createServer((socket) => serve(socket))
  server.listen(path.join(folder, 'bgpd.vty'))
  await once(server, 'listening')
})
afterEach(async () => {
  server.close()
  await once(server, 'close')
  rmSync(folder, { recursive: true, force: true })
})

const end = (status = 0) => Buffer.from([0, 0, 0, status])

describe("FRR's vty", () => {
  it('answers commands in their order, wherever their octets are cut', async () => {
    const answers = Buffer.concat([
      Buffer.from('{"a":1}'),
      end(),
      end(),
      Buffer.from('c'.repeat(70_000)),
      end(),
    ])
    const cuts = [
      0,
      3,
      7,
      8,
      9,
      10,
      11,
      12,
      14,
      15,
      16,
      60_000,
      ...[4, 3, 2, 1].map((n) => answers.length - n),
    ]
    for (const cut of cuts) {
      serve = (socket) => {
        socket.once('data', () => {
          socket.write(answers.subarray(0, cut))
          // In an event of its own.
          setTimeout(() => socket.write(answers.subarray(cut)), 2)
        })
      }
      const vty = await Vty.open(folder, 'bgpd')
      const [a, b, c] = await Promise.all([vty.askJson('a'), vty.askJson('b'), vty.ask('c')])
      expect([cut, a, b, c.length]).toEqual([cut, { a: 1 }, {}, 70_000])
      vty.close()
    }
  })

  it('refuses with what the daemon said', async () => {
    serve = (socket) => {
      socket.on('data', () => socket.write(Buffer.concat([Buffer.from('% Unknown command: x\n'), end(2)])))
    }
    const vty = await Vty.open(folder, 'bgpd')
    await expect(vty.ask('x')).rejects.toThrow(/^ZT_LAB_REFUSED: bgpd in .* refused x: % Unknown command: x$/)
    vty.close()
  })

  it('says that what should be JSON is none', async () => {
    serve = (socket) => {
      socket.on('data', () => socket.write(Buffer.concat([Buffer.from('{"a":'), end()])))
    }
    const vty = await Vty.open(folder, 'bgpd')
    await expect(vty.askJson('x')).rejects.toThrow(/^ZT_LAB_FORMAT: /)
    vty.close()
  })

  it('says that the daemon went away, to who waits and to who comes later', async () => {
    serve = (socket) => {
      socket.once('data', () => socket.destroy())
    }
    const vty = await Vty.open(folder, 'bgpd')
    await expect(Promise.all([vty.ask('x'), vty.ask('y')])).rejects.toThrow(/^ZT_LAB_CONNECTION: /)
    await expect(vty.ask('z')).rejects.toThrow(/^ZT_LAB_CONNECTION: /)
  })

  it('says that there is no daemon', async () => {
    await expect(Vty.open(folder, 'zebra')).rejects.toThrow(/^ZT_LAB_CONNECTION: zebra in .* cannot be asked/)
  })
})
