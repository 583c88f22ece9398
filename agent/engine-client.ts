/**
 * What the agent asks of an engine (`contract/control.ts`): one connection for what is answered at once, another for `learned`, which
 * waits. When one ends, both do.
 *
 * @module
 */
import { z } from 'zod'
import type { TableChange } from '../contract/control.js'
import { Interface, InterfaceId, IpText, MacText, NextHopGroup, CidrText } from '../contract/program.js'
import { batchesOf, ControlConnection } from './control-connection.js'
import { AgentError } from './errors.js'

/** ms. An engine that works answers in far less, even with a journal on a slow disk. */
const TIMEOUT = 10_000
/** `apply` takes no more (`contract/control.ts`). */
const MAX_CHANGES = 65_536

const Hello = z.object({ node: z.string(), program: z.string(), pid: z.int() })
export type EngineIdentity = z.infer<typeof Hello>

const Learned = z.object({
  version: z.int().min(0),
  fdb: z.array(z.object({ bridge: InterfaceId, mac: MacText, interface: InterfaceId })),
  neighbours: z.array(z.object({ interface: InterfaceId, address: IpText, mac: MacText })),
})
export type EngineLearned = z.infer<typeof Learned>

/** Of a program what the agent needs. Entries that a control plane made say whether they are sticky, where the engine tells. */
const sticky = { sticky: z.boolean().optional() }
const Program = z.object({
  node: z.string(),
  interfaces: z.array(Interface),
  tables: z.object({
    routes: z.array(z.object({ vrf: z.int().min(0), prefix: CidrText, group: z.int().min(1).optional() })),
    groups: z.array(NextHopGroup),
    neighbours: z.array(z.object({ interface: InterfaceId, address: IpText, mac: MacText, ...sticky })),
    fdb: z.array(
      z.object({
        bridge: InterfaceId,
        mac: MacText,
        interface: InterfaceId,
        remote: IpText.optional(),
        ...sticky,
      }),
    ),
    flood: z.array(z.object({ interface: InterfaceId, remotes: z.array(IpText) })),
  }),
})
export type EngineProgram = z.infer<typeof Program>

export class EngineClient {
  readonly #control: ControlConnection
  readonly #learning: ControlConnection
  readonly #name: string

  private constructor(name: string, control: ControlConnection, learning: ControlConnection) {
    this.#name = name
    this.#control = control
    this.#learning = learning
  }

  /**
   * @param onClose called once, when the engine has gone or has broken the protocol; not after `close`
   * @throws AgentError `ZT_AGENT_CONNECTION`
   */
  static async open(
    socket: string,
    node: string,
    onClose: (error: AgentError) => void,
  ): Promise<EngineClient> {
    const name = `the engine of ${node}`
    const control = await ControlConnection.open(socket, name)
    let learning: ControlConnection
    try {
      learning = await ControlConnection.open(socket, name)
    } catch (error) {
      control.close()
      throw error
    }
    const client = new EngineClient(name, control, learning)
    const ended = (error: AgentError) => {
      client.close()
      onClose(error)
    }
    control.onClose = ended
    learning.onClose = ended
    return client
  }

  async hello(): Promise<EngineIdentity> {
    return this.#read('hello', Hello, await this.#control.request('hello', '', TIMEOUT))
  }

  async program(): Promise<EngineProgram> {
    const { program } = await this.#control.request('program', '', TIMEOUT)
    return this.#read('program', Program, program)
  }

  /** Changes tables; each batch takes effect whole or not at all. @throws AgentError `ZT_AGENT_REFUSED` and others */
  async apply(changes: readonly TableChange[]): Promise<void> {
    const texts = changes.map((change) => JSON.stringify(change))
    for (const batch of batchesOf(texts, MAX_CHANGES)) {
      await this.#control.request('apply', `,"changes":[${batch.join(',')}]`, TIMEOUT)
    }
  }

  /** What is heard now, after all that was asked before. */
  async learned(): Promise<EngineLearned> {
    return this.#read('learned', Learned, await this.#control.request('learned', '', TIMEOUT))
  }

  /** What is heard, once it is another than `since`, or after `wait` ms. One call at a time. */
  async learnedSince(since: number, wait: number): Promise<EngineLearned> {
    const fields = `,"since":${since},"wait":${wait}`
    return this.#read('learned', Learned, await this.#learning.request('learned', fields, wait + TIMEOUT))
  }

  close(): void {
    this.#control.onClose = undefined
    this.#learning.onClose = undefined
    this.#control.close()
    this.#learning.close()
  }

  #read<S extends z.ZodType>(op: string, schema: S, answer: unknown): z.infer<S> {
    const { success, data, error } = schema.safeParse(answer)
    if (success) return data
    const [issue] = error.issues
    const where = issue === undefined ? '' : ` at ${issue.path.join('.')}: ${issue.message}`
    throw new AgentError('ZT_AGENT_PROTOCOL', `${this.#name} answered ${op} with something else${where}`)
  }
}
