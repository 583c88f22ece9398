/**
 * `labd.sock`: who connects is the invoking user (the socket is his, mode 0600, in a folder only he and root enter; Node has no
 * SO_PEERCRED). What he sends is checked all the same: a broken message ends its connection and nothing else.
 *
 * @module
 */
import { chmodSync, chownSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LabError, messageOf, withoutCode } from '../errors.js'
import { encodeMessage, MessageReader } from '../framing.js'
import { deadlineSignal, type StepPart } from '../steps.js'
import type { Execution } from './exec.js'
import type { Invoker } from './folder.js'
import { LABD_VERSION, LabdRequest, parseEngineRequest } from './protocol.js'
import type { RunningLab } from './running-lab.js'

export interface LabdServerOptions {
  readonly invoker: Invoker
  readonly id: string
  readonly lab: RunningLab
  readonly log: (line: string) => void
  /** The lab is down and answered; labd may end. */
  readonly onDown: () => void
}

type Fields<Op extends LabdRequest['op']> = Extract<LabdRequest, { op: Op }>

/** A client. */
interface Connection {
  readonly socket: Socket
  readonly executions: Map<number, Execution>
  /** Resolves the gate of a stepwise run. */
  step: (() => void) | undefined
}

const MAX_CONNECTIONS = 64

export class LabdServer {
  private readonly server: Server
  private readonly connections = new Set<Connection>()
  private owner: Connection | undefined
  private readonly cancelUp = new AbortController()
  private stepwise: { readonly connection: Connection; readonly part: StepPart } | undefined
  private upSettled: Promise<void> = Promise.resolve()
  private down: Promise<{ readonly lodgers: readonly unknown[] }> | undefined

  constructor(private readonly options: LabdServerOptions) {
    this.server = createServer((socket) => this.accept(socket))
    this.server.maxConnections = MAX_CONNECTIONS
  }

  async listen(): Promise<void> {
    const { lab, invoker } = this.options
    const before = process.umask(0o177)
    try {
      await new Promise<void>((resolve, reject) => {
        this.server.once('error', reject)
        this.server.listen(lab.paths.socket, resolve)
      })
    } finally {
      process.umask(before)
    }
    chmodSync(lab.paths.socket, 0o600)
    chownSync(lab.paths.socket, invoker.uid, invoker.gid)
  }

  /** Nobody is connected, and nobody has asked for a lab. */
  get idle(): boolean {
    return this.connections.size === 0 && this.options.lab.phase === 'starting' && this.owner === undefined
  }

  /** Takes the lab down, whoever asks, once. */
  takeDown(): Promise<{ readonly lodgers: readonly unknown[] }> {
    this.down ??= (async () => {
      this.cancelUp.abort()
      await this.upSettled
      for (const { executions } of this.connections)
        for (const run of executions.values()) run.kill('SIGKILL')
      const lodgers = await this.options.lab.down(this.options.log)
      return { lodgers }
    })()
    return this.down
  }

  /** Lets the last answers out; a client that does not read them holds nobody for long. */
  async close(): Promise<void> {
    this.server.close()
    const gone = [...this.connections].map(
      ({ socket }) => new Promise<void>((resolve) => socket.once('close', () => resolve()).end()),
    )
    await Promise.race([Promise.all(gone), delay(50)])
  }

  private accept(socket: Socket): void {
    const connection: Connection = { socket, executions: new Map(), step: undefined }
    const reader = new MessageReader()
    this.connections.add(connection)
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of reader.push(chunk)) this.receive(connection, message)
      } catch (error) {
        this.options.log(`a client broke the protocol: ${messageOf(error)}`)
        // What follows has no meaning; the client reads why, and is gone whether it does or not.
        socket.removeAllListeners('data').resume()
        socket.end(encodeMessage(refusal(0, error)), () => socket.destroy())
      }
    })
    socket.on('drain', () => {
      for (const run of connection.executions.values()) run.resume()
    })
    socket.on('error', (error) => this.options.log(`a client's connection failed: ${error.message}`))
    socket.on('close', () => this.left(connection))
  }

  private left(connection: Connection): void {
    this.connections.delete(connection)
    for (const run of connection.executions.values()) run.kill('SIGKILL')
    // A stepwise run goes on to its end; nobody holds it any more.
    connection.step?.()
    if (this.owner !== connection) return
    this.options.log('the owner of the attached lab went away')
    this.takeDown().then(this.options.onDown, (error: unknown) => {
      this.options.log(`cleaning up: ${messageOf(error)}`)
      this.options.onDown()
    })
  }

  private receive(connection: Connection, message: unknown): void {
    const id = idOf(message)
    const parsed = LabdRequest.safeParse(message)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      const what = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is no request'}`
      send(connection, refusal(id, new LabError('ZT_LAB_PROTOCOL', `request refused: ${what}`)))
      return
    }
    this.handle(connection, parsed.data).then(
      (answer) => send(connection, { id, ok: true, ...answer }),
      (error: unknown) => send(connection, refusal(id, error)),
    )
  }

  private async handle(connection: Connection, request: LabdRequest): Promise<object> {
    const { lab } = this.options
    switch (request.op) {
      case 'hello':
        return { version: LABD_VERSION, lab: this.options.id, pid: process.pid, phase: lab.phase }
      case 'up':
        return this.up(connection, request)
      case 'continue':
        connection.step?.()
        return {}
      case 'down':
        return this.downAsked(connection, request)
      case 'node':
        return this.node(request)
      case 'keys':
        return { keys: lab.addKeys(request.keys) }
      case 'apply':
        return this.apply(connection, request)
      case 'rotate':
        return lab.rotations().rotate(request)
      case 'seals':
        return { seals: lab.rotations().seals }
      case 'probe':
        return lab.askProbe(request.request)
      case 'floor':
        return lab.measureFloor(request)
      case 'fail':
      case 'repair':
        await lab.faulted()[request.op](request.fault)
        return {}
      case 'faults':
        return { faults: lab.faulted().all, ever: lab.faulted().ever }
      case 'processes':
        return lab.pids()
      case 'exec':
        return this.exec(connection, request)
      case 'exec-input':
        execution(connection, request.exec).input(
          request.data === undefined ? undefined : Buffer.from(request.data, 'base64'),
        )
        return {}
      case 'exec-signal':
        execution(connection, request.exec).kill(request.signal)
        return {}
    }
  }

  private async up(connection: Connection, request: Fields<'up'>): Promise<object> {
    if (this.owner !== undefined || this.down !== undefined)
      throw new LabError('ZT_LAB_STATE', `lab ${this.options.id} has been brought up already`)
    // Whoever brings a lab up owns it until it is up, attached or not: if he goes, it is cancelled.
    this.owner = connection
    if (request.stepwise) this.stepwise = { connection, part: 'set-up' }
    const deadline = deadlineSignal(request.deadline, 'bringing the lab up', this.cancelUp.signal)
    const steps: object[] = []
    const running = this.options.lab.up(
      request,
      {
        onEvent: (event) => {
          steps.push(event)
          send(connection, { event: 'progress', ...event })
        },
        gate: (part, step) => this.gate(part, step),
        log: this.options.log,
        onDeath: (title) => this.options.log(`${title} ended`),
      },
      deadline.signal,
    )
    this.upSettled = running.catch(() => undefined).then(() => deadline.done())
    await running
    if (!request.attached) this.owner = undefined
    return { steps }
  }

  /** It goes on when its client goes; a lab that is taken down cancels it. */
  private apply(connection: Connection, request: Fields<'apply'>): Promise<object> {
    const deadline = deadlineSignal(request.deadline, 'changing the lab', this.cancelUp.signal)
    const onEvent = (event: object) => send(connection, { event: 'progress', ...event })
    const running = this.options.lab.apply(request, { onEvent }, deadline.signal)
    const settled = running.catch(() => undefined).then(() => deadline.done())
    this.upSettled = Promise.all([this.upSettled, settled]).then(() => undefined)
    return running
  }

  /** Before each step: passes at once unless a client goes through this part step by step. */
  private async gate(part: StepPart, step: string): Promise<void> {
    const held = this.stepwise
    if (held?.part !== part || !this.connections.has(held.connection)) return
    const { connection } = held
    const released = new Promise<void>((resolve) => {
      connection.step = () => {
        connection.step = undefined
        resolve()
      }
    })
    send(connection, { event: 'progress', step, phase: 'waiting' })
    await released
  }

  private async downAsked(connection: Connection, request: Fields<'down'>): Promise<object> {
    this.owner = undefined
    if (request.stepwise) this.stepwise = { connection, part: 'tear-down' }
    const answer = await this.takeDown()
    // After this answer has been written.
    setImmediate(this.options.onDown)
    return answer
  }

  private async node({ node, request }: Fields<'node'>): Promise<object> {
    const { lab } = this.options
    const resident = lab.node(node)
    const parsed = parseEngineRequest(request)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      throw new LabError(
        'ZT_LAB_PROTOCOL',
        `${resident.title} has no such request: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
      )
    }
    const { id: _id, ...body } = parsed.data
    if (body.op === 'load') return lab.load(node, body.program)
    // Files are root's to name, and keys lie where the lab has them.
    if (body.op === 'apply') return lab.ask(node, { ...body })
    if (body.op === 'capture' && body.file !== null) {
      // The engine writes as root: only into the lab's own folder, whatever name was given.
      const file = path.join(lab.paths.nodeCaptures(node), path.basename(body.file))
      const answer = await resident.request({ ...body, file })
      lab.give(file)
      return { ...answer, file }
    }
    return resident.request(body)
  }

  private async exec(connection: Connection, { exec: id, at, argv, term }: Fields<'exec'>): Promise<object> {
    const { lab } = this.options
    if (connection.executions.has(id))
      throw new LabError('ZT_LAB_PROTOCOL', `command ${id} is running already`)
    const run = lab.execute(
      at,
      { argv, term },
      {
        onOutput: (stream, data) =>
          send(connection, { event: 'output', exec: id, stream, data: data.toString('base64') }),
      },
    )
    connection.executions.set(id, run)
    try {
      return await run.done
    } finally {
      connection.executions.delete(id)
    }
  }
}

function execution(connection: Connection, id: number): Execution {
  const found = connection.executions.get(id)
  if (found === undefined) throw new LabError('ZT_LAB_UNKNOWN', `no command ${id} is running`)
  return found
}

/** False when the client does not keep up. */
function send({ socket }: Connection, message: object): boolean {
  return socket.writable ? socket.write(encodeMessage(message)) : true
}

function refusal(id: number, error: unknown): object {
  const code = error instanceof LabError ? error.code : 'ZT_LAB_COMMAND'
  const remedy = error instanceof LabError ? error.remedy : undefined
  const [message = ''] = withoutCode(messageOf(error)).split('\n  remedy: ')
  return { id, ok: false, code, message, ...(remedy === undefined ? {} : { remedy }) }
}

function idOf(message: unknown): number {
  if (typeof message !== 'object' || message === null || !('id' in message)) return 0
  const { id } = message
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= 0xffffffff ? id : 0
}
