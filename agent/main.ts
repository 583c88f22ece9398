#!/usr/bin/env node
/**
 * Agents, one for each node that is named, in one process.
 *
 *     agent --config FILE --status SOCKET [--held] [--owner-uid UID] [--ready-fd FD]
 *
 * FILE is JSON: `{ protoFolder, nodes: [{ node, control, engine, gobgp, namespace? }] }`, sockets by absolute path; with a namespace
 * (`ip netns`) the routes of the underlay are written there, without one in the namespace of the process. Held, each agent begins when it is
 * told to (`start` of the status socket), for engines and daemons that are still to come. Ends on SIGTERM, SIGINT and when
 * asked; engines and kernels go on forwarding as they were. Exit status 0, 2 for a configuration that cannot be worked with,
 * 4 for a fault of its own.
 *
 * @module
 */
import { closeSync, readFileSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { NodeControl } from '../contract/control-plane.js'
import { Agent } from './agent.js'
import { AgentError, messageOf } from './errors.js'
import { gobgpService } from './gobgp-service.js'
import { KernelRoutes } from './kernel-routes.js'
import { AgentSlot } from './slot.js'
import { StatusServer } from './status-server.js'

const Path = z.string().startsWith('/')
const Config = z.strictObject({
  /** Of GoBGP's `.proto` files. */
  protoFolder: Path,
  nodes: z.array(
    z.strictObject({
      node: z.string().min(1).max(63),
      control: NodeControl,
      engine: Path,
      gobgp: Path,
      namespace: z
        .string()
        .regex(/^[A-Za-z0-9._-]+$/)
        .optional(),
    }),
  ),
})
type Config = z.infer<typeof Config>

interface Arguments {
  readonly config: string
  readonly status: string
  readonly held: boolean
  readonly owner: number | undefined
  readonly ready: number | undefined
}

function readArguments(argv: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      config: { type: 'string' },
      status: { type: 'string' },
      held: { type: 'boolean', default: false },
      'owner-uid': { type: 'string' },
      'ready-fd': { type: 'string' },
    },
  })
  const needed = (name: 'config' | 'status'): string => {
    const value = values[name]
    if (value !== undefined) return value
    throw new AgentError('ZT_AGENT_CONFIG', `--${name} is missing`)
  }
  const number = (name: 'owner-uid' | 'ready-fd'): number | undefined => {
    const value = values[name]
    if (value === undefined) return undefined
    if (/^\d{1,10}$/.test(value)) return Number(value)
    throw new AgentError('ZT_AGENT_CONFIG', `--${name} must be a number`)
  }
  return {
    config: needed('config'),
    status: needed('status'),
    held: values.held,
    owner: number('owner-uid'),
    ready: number('ready-fd'),
  }
}

function readConfig(file: string): Config {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new AgentError('ZT_AGENT_CONFIG', `${file}: ${messageOf(error)}`, { cause: error })
  }
  const parsed = Config.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AgentError('ZT_AGENT_CONFIG', `${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}

async function main(): Promise<void> {
  const { config, status, held, owner, ready } = readArguments(process.argv.slice(2))
  const { nodes, protoFolder } = readConfig(config)
  const log = (line: string) => {
    process.stderr.write(`${new Date().toISOString()} ${line}\n`)
  }
  const slotOf = ({ node, control, engine, gobgp, namespace }: Config['nodes'][number]) => {
    const where = namespace === undefined ? {} : { namespace }
    return new AgentSlot(node, () => {
      const kernel = { routes: new KernelRoutes(where), ...where }
      return new Agent({ node, control, engine, gobgp, protoFolder, kernel, log })
    })
  }
  const told = new Map(nodes.map((one) => [one.node, JSON.stringify(one)]))
  const agents = nodes.map(slotOf)
  const renew = async () => {
    const wanted = readConfig(config).nodes
    const stays = new Set(
      wanted.filter((one) => told.get(one.node) === JSON.stringify(one)).map(({ node }) => node),
    )
    const [kept, gone] = [true, false].map((is) => agents.filter(({ node }) => stays.has(node) === is))
    await Promise.all((gone ?? []).map((slot) => slot.stop()))
    const fresh = wanted.filter(({ node }) => !stays.has(node))
    agents.splice(0, agents.length, ...(kept ?? []), ...fresh.map(slotOf))
    told.clear()
    for (const one of wanted) told.set(one.node, JSON.stringify(one))
  }
  const server = new StatusServer({
    socket: status,
    ...(owner === undefined ? {} : { owner }),
    agents,
    onRenew: renew,
    onShutdown: () => end(),
  })
  let ending: Promise<void> | undefined
  const end = () => {
    ending ??= (async () => {
      await Promise.all(agents.map((slot) => slot.stop()))
      await server.close()
    })()
    void ending.then(() => process.exit(0))
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)
  await server.listen()
  // While others start; it takes a while.
  gobgpService(protoFolder)
  if (!held) await Promise.all(agents.map((slot) => slot.start()))
  if (ready !== undefined) {
    writeSync(ready, 'ready\n')
    closeSync(ready)
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exit(error instanceof AgentError && error.code === 'ZT_AGENT_CONFIG' ? 2 : 4)
})
