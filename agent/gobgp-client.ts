/**
 * GoBGP's gRPC API over a Unix socket: one connection, whose end is final. Whoever wants another makes another.
 *
 * @module
 */
import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js'
import { AgentError } from './errors.js'
import {
  API_FAMILIES,
  type ApiDestination,
  type ApiGlobal,
  type ApiPath,
  type ApiPeer,
  type TableName,
} from './gobgp-api.js'
import { pathCodec, type WatchEvent } from './gobgp-paths.js'
import { gobgpService, type MethodName, type Service } from './gobgp-service.js'
import { PathCaches } from './path-reader.js'

export interface GobgpClientOptions {
  /** Path of the daemon's socket. */
  readonly socket: string
  /** The folder that holds `api/gobgp.proto` and what it imports, of the daemon's own version. */
  readonly protoFolder: string
  /** ms that an answer may take; default 10 s. */
  readonly timeout?: number
}

/** Which of a daemon's tables: the one of all best paths, or what came from or goes to one peer. */
export type GobgpTable =
  { readonly kind: 'global' } | { readonly kind: 'received' | 'advertised'; readonly neighbour: string }

export interface Watch {
  /** Nothing is told any more. */
  close(): void
}

const DEFAULT_TIMEOUT = 10_000
/** Paths of one message of a stream, so that none is large. */
const STREAM_BATCH = 512
const GLOBAL = 'TABLE_TYPE_GLOBAL'

/** By service: agents of one process share them. */
const caches = new WeakMap<Service, PathCaches>()

export class GobgpClient {
  readonly #client: Client
  readonly #service: Service
  readonly #socket: string
  readonly #timeout: number

  /** @throws AgentError `ZT_AGENT_CONFIG` when the API's description is not there or cannot be read */
  constructor({ socket, protoFolder, timeout = DEFAULT_TIMEOUT }: GobgpClientOptions) {
    this.#socket = socket
    this.#timeout = timeout
    this.#service = gobgpService(protoFolder)
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      // The first events of a watch may hold a whole table; who sends them is the node's own daemon.
      'grpc.max_receive_message_length': -1,
      // Two agents in one process must not share a connection that one of them closes.
      'grpc.use_local_subchannel_pool': 1,
    })
  }

  /** @param timeout ms. @throws AgentError `ZT_AGENT_CONNECTION` when nobody answers in time */
  ready(timeout: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.waitForReady(Date.now() + timeout, (error) => {
        if (error === undefined) resolve()
        else reject(this.#lost('cannot be reached', error))
      })
    })
  }

  /** What the daemon is; its AS number is absent as long as it has no configuration. */
  async global(): Promise<ApiGlobal> {
    const { global = {} } = (await this.#ask('GetBgp', {})) as { readonly global?: ApiGlobal }
    return global
  }

  async peers(): Promise<readonly ApiPeer[]> {
    const answers = (await this.#list('ListPeer', {})) as readonly { readonly peer?: ApiPeer }[]
    return answers.flatMap(({ peer }) => peer ?? [])
  }

  /** @param address as the daemon writes it */
  async enablePeer(address: string): Promise<void> {
    await this.#ask('EnablePeer', { address })
  }

  /** Ends its session, and lets none begin. @param communication told to the peer (RFC 9003) */
  async disablePeer(address: string, communication: string): Promise<void> {
    await this.#ask('DisablePeer', { address, communication })
  }

  /** Sends a peer all that it is to have anew; it finds no difference in what it has. Nothing happens when its session is down. */
  async resend(address: string): Promise<void> {
    await this.#ask('ResetPeer', { address, soft: true, direction: 'DIRECTION_OUT' })
  }

  /** The paths of a table; in the global one `best` is told, in a peer's `filtered`. */
  async paths(table: TableName, of: GobgpTable = { kind: 'global' }): Promise<readonly ApiDestination[]> {
    const answers = (await this.#list('ListPath', {
      ...tableRequest(of),
      family: API_FAMILIES[table],
    })) as readonly { readonly destination?: ApiDestination }[]
    return answers.flatMap(({ destination }) => destination ?? [])
  }

  /** How many keys the global table has. */
  async tableSize(table: TableName): Promise<number> {
    return (await this.tableSizes(table)).keys
  }

  /** How many keys the global table has, and how many paths, used or not. */
  async tableSizes(table: TableName): Promise<{ readonly keys: number; readonly paths: number }> {
    const request = { tableType: GLOBAL, family: API_FAMILIES[table] }
    const { numDestination = 0, numPath = 0 } = (await this.#ask('GetTable', request)) as {
      readonly numDestination?: number
      readonly numPath?: number
    }
    return { keys: numDestination, paths: numPath }
  }

  /** Announces; what is there with the same NLRI and source is replaced. @throws AgentError `ZT_AGENT_REFUSED` and others */
  async add(path: ApiPath): Promise<void> {
    await this.#ask('AddPath', { tableType: GLOBAL, path })
  }

  /** Announces many at once. When the daemon refuses one, others of the list may have been taken or not. */
  addAll(paths: readonly ApiPath[]): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = this.#service.method('AddPathStream')
    return new Promise((resolve, reject) => {
      const stream = this.#client.makeClientStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { deadline: Date.now() + this.#timeout },
        (error) => {
          if (error === null) resolve()
          else reject(this.#error('AddPathStream', error))
        },
      )
      for (let at = 0; at < paths.length; at += STREAM_BATCH) {
        stream.write({ tableType: GLOBAL, paths: paths.slice(at, at + STREAM_BATCH) })
      }
      stream.end()
    })
  }

  /** Withdraws; what is not there is no error. */
  async delete(path: ApiPath): Promise<void> {
    await this.#ask('DeletePath', { tableType: GLOBAL, family: path.family, path })
  }

  /**
   * Peers, best paths and End-of-RIB markers: first as they are, then as they change, in the order in which they happen. What is there
   * comes thus: peers, an event of type `TYPE_END_OF_INIT`, then best paths, of which the last event is the first with at most
   * `batch` paths (with none for an empty table). Then each path that changes is an event of its own, whatever the batch.
   *
   * @param onEnd called once, with why; not after `close`
   */
  watch(batch: number, onEvent: (event: WatchEvent) => void, onEnd: (error: AgentError) => void): Watch {
    const table = {
      filters: [
        { type: 'TYPE_BEST', init: true },
        { type: 'TYPE_EOR', init: true },
      ],
    }
    return this.#watch({ peer: {}, table, batchSize: batch }, onEvent, onEnd)
  }

  /**
   * A watch of peers, and of End-of-RIB markers that come, that lasts as long as the connection: whatever is told after it has ended is another
   * connection's, maybe another daemon's.
   *
   * @param onEnd called once, with why; not after `close`
   */
  watchConnection(onEvent: (event: WatchEvent) => void, onEnd: (error: AgentError) => void): Watch {
    return this.#watch({ peer: {}, table: { filters: [{ type: 'TYPE_EOR' }] } }, onEvent, onEnd)
  }

  /** What reads the paths of {@link watch}. */
  get pathCaches(): PathCaches {
    const known = caches.get(this.#service)
    if (known !== undefined) return known
    const made = new PathCaches(pathCodec(this.#service))
    caches.set(this.#service, made)
    return made
  }

  #watch(request: object, onEvent: (event: WatchEvent) => void, onEnd: (error: AgentError) => void): Watch {
    const { path, requestSerialize } = this.#service.method('WatchEvent')
    const { codec } = this.pathCaches
    const read = (octets: Buffer) => codec.event(octets)
    const stream = this.#client.makeServerStreamRequest(path, requestSerialize, read, request)
    let over = false
    const end = (error: AgentError) => {
      if (over) return
      over = true
      onEnd(error)
    }
    stream.on('data', (event: WatchEvent) => {
      if (!over) onEvent(event)
    })
    stream.on('error', (error: ServiceError) => end(this.#error('WatchEvent', error)))
    stream.on('end', () => end(this.#lost('ended the watch')))
    return {
      close: () => {
        over = true
        stream.cancel()
      },
    }
  }

  close(): void {
    this.#client.close()
  }

  #ask(name: MethodName, request: object): Promise<object> {
    const { path, requestSerialize, responseDeserialize } = this.#service.method(name)
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        { deadline: Date.now() + this.#timeout },
        (error, answer) => {
          if (error !== null) reject(this.#error(name, error))
          else resolve(answer ?? {})
        },
      )
    })
  }

  #list(name: MethodName, request: object): Promise<readonly object[]> {
    const { path, requestSerialize, responseDeserialize } = this.#service.method(name)
    return new Promise((resolve, reject) => {
      const answers: object[] = []
      const stream = this.#client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        {
          deadline: Date.now() + this.#timeout,
        },
      )
      stream.on('data', (answer: object) => answers.push(answer))
      stream.on('error', (error: ServiceError) => reject(this.#error(name, error)))
      stream.on('end', () => resolve(answers))
    })
  }

  #lost(what: string, cause?: unknown): AgentError {
    return new AgentError('ZT_AGENT_CONNECTION', `the BGP daemon at ${this.#socket} ${what}`, { cause })
  }

  #error(name: MethodName, error: ServiceError): AgentError {
    switch (error.code) {
      case status.UNAVAILABLE:
      case status.CANCELLED:
        return this.#lost(`is gone (${name})`, error)
      case status.DEADLINE_EXCEEDED:
        return new AgentError(
          'ZT_AGENT_DEADLINE',
          `the BGP daemon at ${this.#socket} did not answer ${name} within ${this.#timeout} ms`,
          { cause: error },
        )
      default:
        return new AgentError(
          'ZT_AGENT_REFUSED',
          `the BGP daemon at ${this.#socket} refused ${name}: ${error.details}`,
          { cause: error },
        )
    }
  }
}

function tableRequest(of: GobgpTable): object {
  return of.kind === 'global'
    ? { tableType: GLOBAL }
    : {
        tableType: of.kind === 'received' ? 'TABLE_TYPE_ADJ_IN' : 'TABLE_TYPE_ADJ_OUT',
        name: of.neighbour,
        enableFiltered: true,
      }
}
