/**
 * An engine's control socket without an engine: what it is told it keeps (CTRL-6), what it has heard the test says. Requests are held
 * against the contract, so that whoever asks wrongly is refused here as there.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { rmSync } from 'node:fs'
import { frameMessage, FrameReader } from '../../../agent/framing.js'
import type { EngineLearned } from '../../../agent/engine-client.js'
import { EngineRequest, type TableChange } from '../../../contract/control.js'
import type { Interface, NextHop } from '../../../contract/program.js'

type Heard = Omit<EngineLearned, 'version'>
type ChangeOf<T extends TableChange['table']> = Extract<TableChange, { readonly table: T }>

export class FakeEngine {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #waiting = new Set<() => void>()
  #heard: Heard = { fdb: [], neighbours: [] }
  #version = 0
  /** Every change that took effect, in order. */
  readonly changes: TableChange[] = []
  readonly routes = new Map<string, NextHop[]>()
  readonly fdb = new Map<string, NonNullable<ChangeOf<'fdb'>['to']>>()
  readonly neighbours = new Map<string, NonNullable<ChangeOf<'neighbour'>['to']>>()
  readonly flood = new Map<number, string[]>()
  /** Lists that hold such a change are refused. */
  refuses: (change: TableChange) => boolean = () => false
  program = '0'.repeat(64)
  /** Lists that took effect. */
  lists = 0

  private constructor(
    readonly socket: string,
    private readonly node: string,
    private readonly interfaces: readonly Interface[],
  ) {
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async listen(socket: string, node: string, interfaces: readonly Interface[]): Promise<FakeEngine> {
    const engine = new FakeEngine(socket, node, interfaces)
    rmSync(socket, { force: true })
    await new Promise<void>((resolve) => engine.#server.listen(socket, resolve))
    return engine
  }

  /** What is heard from now on. */
  hear(heard: Partial<Heard>): void {
    this.#heard = { fdb: [], neighbours: [], ...heard }
    this.#changed()
  }

  /** `<bridge> <mac> → <remote>[ sticky]` and so on, sorted: all that it was told. */
  get told(): readonly string[] {
    const sticky = (is: boolean) => (is ? ' sticky' : '')
    return [
      ...[...this.routes].map(
        ([place, members]) => `route ${place} ${members.map(({ gateway }) => gateway).join()}`,
      ),
      ...[...this.fdb].map(([place, to]) => `fdb ${place} ${to.interface} ${to.remote}${sticky(to.sticky)}`),
      ...[...this.neighbours].map(([place, to]) => `neighbour ${place} ${to.mac}${sticky(to.sticky)}`),
      ...[...this.flood].flatMap(([id, remotes]) =>
        remotes.length === 0 ? [] : `flood ${id} ${remotes.join()}`,
      ),
    ].toSorted()
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  #changed(): void {
    this.#version++
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  #accept(socket: Socket): void {
    const reader = new FrameReader()
    this.#sockets.add(socket)
    let turn: Promise<void> = Promise.resolve()
    socket.on('close', () => this.#sockets.delete(socket))
    // A client that is killed resets its connection.
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      for (const message of reader.push(chunk)) {
        turn = this.#serve(socket, message, turn)
      }
    })
  }

  /** Answers come in the order of requests. */
  async #serve(socket: Socket, message: unknown, before: Promise<void>): Promise<void> {
    await before
    const answer = await this.#answer(message)
    if (socket.writable) socket.write(frameMessage(answer))
  }

  async #answer(message: unknown): Promise<object> {
    const parsed = EngineRequest.safeParse(message)
    const id = (message as { readonly id: number }).id
    if (!parsed.success) return { id, ok: false, code: 'request-invalid', message: parsed.error.message }
    const request = parsed.data
    switch (request.op) {
      case 'hello':
        return { id, ok: true, version: 1, node: this.node, program: this.program, pid: process.pid }
      case 'program':
        return { id, ok: true, program: this.#programNow() }
      case 'apply':
        return this.#apply(id, request.changes)
      case 'learned': {
        if (request.since === this.#version && (request.wait ?? 0) > 0) await this.#wait(request.wait ?? 0)
        return { id, ok: true, version: this.#version, ...this.#heard }
      }
      default:
        return { id, ok: false, code: 'request-invalid', message: `no ${request.op} here` }
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(wake)
        resolve()
      }, ms)
      const wake = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#waiting.add(wake)
    })
  }

  #apply(id: number, changes: readonly TableChange[]): object {
    const refused = changes.findIndex((change) => this.refuses(change))
    if (refused >= 0) return { id, ok: false, code: 'change-refused', message: `change ${refused}` }
    for (const change of changes) this.#make(change)
    this.changes.push(...changes)
    this.lists++
    return { id, ok: true }
  }

  #make(change: TableChange): void {
    switch (change.table) {
      case 'route':
        set(this.routes, `${change.vrf} ${change.prefix}`, change.members)
        return
      case 'fdb':
        set(this.fdb, `${change.bridge} ${change.mac}`, change.to)
        if (change.to !== null) this.#forget(change.bridge, change.mac)
        return
      case 'neighbour':
        set(this.neighbours, `${change.interface} ${change.address}`, change.to)
        return
      case 'flood':
        this.flood.set(change.interface, change.remotes)
        return
      case 'peer':
      case 'receive-association':
      case 'transmit-association':
        throw new Error(`no agent changes what ${change.table} is about`)
    }
  }

  /** A control entry takes the place of what was learned. */
  #forget(bridge: number, mac: string): void {
    const fdb = this.#heard.fdb.filter((one) => one.bridge !== bridge || one.mac !== mac)
    if (fdb.length === this.#heard.fdb.length) return
    this.#heard = { fdb, neighbours: this.#heard.neighbours.filter((one) => one.mac !== mac) }
    this.#changed()
  }

  /** As the engine tells it: control entries are entries like others. */
  #programNow(): object {
    const groups = [...this.routes.values()].map((members, index) => ({ id: index + 1, members }))
    return {
      format: 'ztos-program',
      version: 1,
      node: this.node,
      seeds: { ecmp: 1, sourcePort: 2 },
      vrfs: [],
      interfaces: this.interfaces,
      tables: {
        routes: [...this.routes.keys()].map((place, index) => {
          const [vrf, prefix] = place.split(' ')
          return { vrf: Number(vrf), prefix, group: index + 1 }
        }),
        groups,
        neighbours: [...this.neighbours].map(([place, { mac }]) => {
          const [id, address] = place.split(' ')
          return { interface: Number(id), address, mac }
        }),
        fdb: [...this.fdb].map(([place, { interface: id, remote }]) => {
          const [bridge, mac] = place.split(' ')
          return { bridge: Number(bridge), mac, interface: id, remote }
        }),
        flood: [...this.flood].map(([id, remotes]) => ({ interface: id, remotes })),
      },
    }
  }
}

function set<V>(map: Map<string, V>, key: string, value: V | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}
