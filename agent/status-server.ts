/**
 * The agents' own socket: what they have done, whether they are at rest, and their end. Framing as in `contract/control.ts`; the socket is
 * the invoking user's, mode 0600. A broken message ends its connection and nothing else.
 *
 * Operations: `state` → `{ agents }`; `settled` (timeout, ms) → `{ agents }` when nothing is left to be done, else a refusal;
 * `reached` (expected: digests of tables by node; timeout, ms) → `{}` when engines have been given these and nothing is left to be done, else
 * a refusal; `peers` → `{ nodes: [{ node, peers }] }`, as daemons tell them; `resync` → `{}`, after somebody changed engine or kernel by hand; `stop` and `start` (node) → `{}`, one node's agent ends, or begins anew:
 * one that is down is in no answer (FAULT-5); `renew` → `{}`, the configuration is read again: agents of nodes that it no longer has, or has otherwise, end, and
 * there are places for those that it has now, which `start` fills; `withdraw` and `announce` (node, prefix) → `{}`, the agent no longer announces a prefix of its
 * node's own, until it is told to or begins anew (FAULT-6); `shutdown` → `{}`, and the process ends.
 *
 * @module
 */
import { chmodSync, chownSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { z } from 'zod'
import { CidrText } from '../contract/program.js'
import type { Agent } from './agent.js'
import { AgentError, messageOf } from './errors.js'
import { frameMessage, FrameReader } from './framing.js'
import type { AgentSlot } from './slot.js'

const NodeName = z.string().max(63)
const request = { id: z.int().min(0).max(0xffffffff) }
const Request = z.discriminatedUnion('op', [
  z.strictObject({ ...request, op: z.literal('state') }),
  z.strictObject({ ...request, op: z.literal('settled'), timeout: z.int().min(1).max(600_000) }),
  z.strictObject({
    ...request,
    op: z.literal('reached'),
    expected: z.record(NodeName, z.string().regex(/^[0-9a-f]{64}$/)),
    timeout: z.int().min(1).max(600_000),
  }),
  z.strictObject({ ...request, op: z.literal('peers') }),
  z.strictObject({ ...request, op: z.literal('resync') }),
  z.strictObject({ ...request, op: z.literal('renew') }),
  z.strictObject({ ...request, op: z.enum(['stop', 'start']), node: NodeName }),
  z.strictObject({
    ...request,
    op: z.enum(['withdraw', 'announce']),
    node: NodeName,
    prefix: CidrText,
  }),
  z.strictObject({ ...request, op: z.literal('shutdown') }),
])
type Request = z.infer<typeof Request>

/** A digest for each of a thousand nodes is the most that anybody asks. */
const MAX_REQUEST = 256 * 1024
const MAX_CONNECTIONS = 64

export interface StatusServerOptions {
  readonly socket: string
  /** Whose the socket is to be; absent: the process's own user's. */
  readonly owner?: number
  readonly agents: readonly Pick<AgentSlot, 'node' | 'agent' | 'start' | 'stop'>[]
  /** Reads the configuration again; `agents` is as it says from then on. */
  readonly onRenew?: () => Promise<void>
  readonly onShutdown: () => void
}

export class StatusServer {
  readonly #options: StatusServerOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(options: StatusServerOptions) {
    this.#options = options
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.maxConnections = MAX_CONNECTIONS
  }

  /** @throws AgentError `ZT_AGENT_CONFIG` when there can be no such socket */
  async listen(): Promise<void> {
    const { socket, owner } = this.#options
    // What an agent that was killed left behind.
    rmSync(socket, { force: true })
    const before = process.umask(0o177)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject)
        this.#server.listen(socket, resolve)
      })
    } catch (error) {
      throw new AgentError('ZT_AGENT_CONFIG', `cannot listen on ${socket}: ${messageOf(error)}`, {
        cause: error,
      })
    } finally {
      process.umask(before)
    }
    chmodSync(socket, 0o600)
    if (owner !== undefined && owner !== process.getuid?.()) chownSync(socket, owner, -1)
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  #accept(socket: Socket): void {
    const reader = new FrameReader(MAX_REQUEST)
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of reader.push(chunk)) void this.#receive(socket, message)
      } catch {
        // It does not speak the protocol: nothing that is said to it would be understood.
        socket.destroy()
      }
    })
  }

  async #receive(socket: Socket, message: unknown): Promise<void> {
    const parsed = Request.safeParse(message)
    const id = parsed.success ? parsed.data.id : 0
    try {
      if (!parsed.success) {
        throw new AgentError('ZT_AGENT_PROTOCOL', `request refused: ${parsed.error.issues[0]?.message ?? ''}`)
      }
      const answer = await this.#handle(parsed.data)
      if (!socket.destroyed) socket.write(frameMessage({ id, ok: true, ...answer }))
      if (parsed.data.op === 'shutdown') this.#options.onShutdown()
    } catch (error) {
      const code = error instanceof AgentError ? error.code : 'ZT_AGENT_PROTOCOL'
      if (!socket.destroyed) socket.write(frameMessage({ id, ok: false, code, message: messageOf(error) }))
    }
  }

  async #handle(asked: Request): Promise<object> {
    const agents = this.#options.agents.flatMap(({ agent }) => (agent === undefined ? [] : [agent]))
    switch (asked.op) {
      case 'state':
        return { agents: agents.map((agent) => agent.state()) }
      case 'settled':
        return { agents: await Promise.all(agents.map((agent) => agent.settled(asked.timeout))) }
      case 'reached':
        await Promise.all(
          Object.entries(asked.expected).map(([node, digest]) =>
            this.#runningAgent(node).reached(digest, asked.timeout),
          ),
        )
        return {}
      case 'peers':
        return {
          nodes: await Promise.all(
            this.#options.agents.flatMap(({ node, agent }) =>
              agent === undefined ? [] : [agent.peers().then((peers) => ({ node, peers }))],
            ),
          ),
        }
      case 'resync':
        await Promise.all(agents.map((agent) => agent.resync()))
        return {}
      case 'renew':
        await this.#options.onRenew?.()
        return {}
      case 'stop':
      case 'start':
        await this.#slot(asked.node)[asked.op]()
        return {}
      case 'withdraw':
      case 'announce':
        this.#runningAgent(asked.node).announces(asked.prefix, asked.op === 'announce')
        return {}
      case 'shutdown':
        return {}
    }
  }

  #runningAgent(node: string): Agent {
    const { agent } = this.#slot(node)
    if (agent !== undefined) return agent
    throw new AgentError('ZT_AGENT_CONFIG', `the agent of ${node} does not run`)
  }

  #slot(node: string): StatusServerOptions['agents'][number] {
    const slot = this.#options.agents.find((one) => one.node === node)
    if (slot !== undefined) return slot
    throw new AgentError('ZT_AGENT_CONFIG', `there is no agent of ${JSON.stringify(node)} here`)
  }
}
