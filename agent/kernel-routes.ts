/**
 * Underlay routes of a node in the main table of its namespace (TABLE-7), by one resident `ip -batch`: a spawn for each route would cost
 * milliseconds. Touches the routes of its own protocol and metric and no others.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { z } from 'zod'
import { formatPrefix, formatIp, parseInterfaceAddress, parseIp } from '../twin/packet/index.js'
import { AgentError, messageOf } from './errors.js'
import { IpBatch } from './ip-batch.js'

/** A next hop: the far end of a session, and the device that it is reached by. */
export interface KernelHop {
  readonly via: string
  readonly dev: string
  /** Share among the hops of the route (TABLE-7); absent: 1. */
  readonly weight?: number
}
/** By prefix in canonical text; hops in the order in which they are to stand. */
export type KernelRouteTable = ReadonlyMap<string, readonly KernelHop[]>

export interface KernelRoutesOptions {
  /** A named network namespace (`ip netns`); absent: the one of the process. */
  readonly namespace?: string
  /** Routing protocol of the routes, a name or number that `ip` knows. Default `bgp` (186). */
  readonly protocol?: string
}

/** A route that the kernel did not take. */
export interface RefusedRoute {
  readonly prefix: string
  readonly why: string
}

export interface RouteChanges {
  /** Routes set or removed. */
  readonly changed: number
  readonly refused: readonly RefusedRoute[]
}

/** What zebra gives routes of BGP: so a person's own route, whose metric is 0 (IPv4) or given, is preferred and never replaced. */
const METRIC = 20
/** ms. */
const TIMEOUT = 10_000
const MAX_OUTPUT = 64 * 1024 * 1024

const Gateway = {
  dev: z.string().optional(),
  gateway: z.string().optional(),
  via: z.object({ host: z.string() }).optional(),
  weight: z.int().optional(),
}
const Listed = z.array(
  z.object({
    dst: z.string(),
    metric: z.int().optional(),
    ...Gateway,
    nexthops: z.array(z.object(Gateway)).optional(),
  }),
)

export class KernelRoutes {
  readonly #where: readonly string[]
  readonly #protocol: string
  readonly #batch: IpBatch

  constructor({ namespace, protocol = 'bgp' }: KernelRoutesOptions) {
    this.#where = namespace === undefined ? [] : ['-n', namespace]
    this.#protocol = protocol
    this.#batch = new IpBatch(this.#where, TIMEOUT)
  }

  /** The routes of this protocol and metric that are there. @throws AgentError `ZT_AGENT_KERNEL` */
  async read(): Promise<KernelRouteTable> {
    const [v4, v6] = await Promise.all([this.#list('-4'), this.#list('-6')])
    return new Map([...v4, ...v6])
  }

  /**
   * Makes the kernel's routes what `wanted` says, knowing that they are as in `present`.
   *
   * @throws AgentError `ZT_AGENT_KERNEL` when `ip` cannot be run; then some may have been changed
   */
  async change(present: KernelRouteTable, wanted: KernelRouteTable): Promise<RouteChanges> {
    const commands = [...this.#replacements(present, wanted), ...this.#removals(present, wanted)]
    if (commands.length === 0) return { changed: 0, refused: [] }
    const failed = await this.#batch.run(commands.map(({ line }) => line))
    const refused = failed.flatMap(({ index, why }) => {
      const command = commands[index]
      // What is to go and has gone (the kernel takes routes away with their device) is as it should be.
      return command === undefined || command.goes ? [] : { prefix: command.prefix, why }
    })
    return { changed: commands.length - failed.length, refused }
  }

  /** Ends the resident process; routes stay. */
  close(): void {
    this.#batch.close()
  }

  *#replacements(present: KernelRouteTable, wanted: KernelRouteTable): Generator<Command> {
    for (const [prefix, hops] of wanted) {
      if (hops.length === 0 || isSame(present.get(prefix), hops)) continue
      const line = `route replace ${prefix} proto ${this.#protocol} metric ${METRIC}${hopsText(prefix, hops)}`
      yield { prefix, line, goes: false }
    }
  }

  *#removals(present: KernelRouteTable, wanted: KernelRouteTable): Generator<Command> {
    for (const prefix of present.keys()) {
      if ((wanted.get(prefix)?.length ?? 0) > 0) continue
      yield {
        prefix,
        line: `route del ${prefix} proto ${this.#protocol} metric ${METRIC}`,
        goes: true,
      }
    }
  }

  async #list(family: '-4' | '-6'): Promise<[string, KernelHop[]][]> {
    const argv = [...this.#where, family, '-json', 'route', 'show', 'table', 'main', 'proto', this.#protocol]
    const text = await ip(argv)
    const listed = Listed.safeParse(text.trim() === '' ? [] : parseJson(text, argv))
    if (!listed.success) {
      throw new AgentError(
        'ZT_AGENT_KERNEL',
        `\`ip ${argv.join(' ')}\` told something else: ${listed.error.message}`,
      )
    }
    return listed.data
      .filter(({ metric }) => metric === METRIC)
      .map((route) => [prefixOf(route.dst, family), (route.nexthops ?? [route]).flatMap(hopOf)])
  }
}

interface Command {
  readonly prefix: string
  readonly line: string
  readonly goes: boolean
}

function hopsText(prefix: string, hops: readonly KernelHop[]): string {
  const [only] = hops
  const text = ({ via, dev, weight }: KernelHop) =>
    ` via ${isForeign(prefix, via) ? 'inet6 ' : ''}${via} dev ${deviceText(dev)}${weight === undefined ? '' : ` weight ${weight}`}`
  if (hops.length === 1 && only !== undefined) return text(only)
  return hops.map((hop) => ` nexthop${text(hop)}`).join('')
}

/** An IPv4 prefix by an IPv6 next hop (RFC 8950). */
function isForeign(prefix: string, via: string): boolean {
  return !prefix.includes(':') && via.includes(':')
}

/** A name goes into a batch's line as it is: it must be one word. */
function deviceText(dev: string): string {
  if (/^[\w.-]{1,15}$/.test(dev)) return dev
  throw new AgentError('ZT_AGENT_CONFIG', `${JSON.stringify(dev)} is no name of a network device`)
}

function isSame(a: readonly KernelHop[] | undefined, b: readonly KernelHop[]): boolean {
  // The kernel lists the next hops of an IPv6 route in an order of its own.
  const text = (hops: readonly KernelHop[]) =>
    hops
      .map(({ via, dev, weight = 1 }) => `${via} ${dev} ${weight}`)
      .toSorted()
      .join()
  return a !== undefined && text(a) === text(b)
}

function hopOf({ dev, gateway, via, weight = 1 }: z.infer<z.ZodObject<typeof Gateway>>): KernelHop[] {
  const address = gateway ?? via?.host
  if (dev === undefined || address === undefined) return []
  return [{ via: formatIp(parseIp(address)), dev, ...(weight === 1 ? {} : { weight }) }]
}

/** `ip` leaves out the length of host routes, and has a word for the default route. */
function prefixOf(dst: string, family: '-4' | '-6'): string {
  if (dst === 'default') return family === '-4' ? '0.0.0.0/0' : '::/0'
  const text = dst.includes('/') ? dst : `${dst}/${family === '-4' ? 32 : 128}`
  return formatPrefix(parseInterfaceAddress(text).prefix)
}

function parseJson(text: string, argv: readonly string[]): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AgentError('ZT_AGENT_KERNEL', `\`ip ${argv.join(' ')}\` told no JSON: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function ip(argv: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('ip', argv, { timeout: TIMEOUT, maxBuffer: MAX_OUTPUT }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else {
        const why = stderr.trim() === '' ? error.message : stderr.trim()
        reject(
          new AgentError('ZT_AGENT_KERNEL', `\`ip ${argv.join(' ')}\` failed: ${why}`, {
            cause: error,
            remedy:
              'check that the namespace is there and that the agent may change its routes (CAP_NET_ADMIN)',
          }),
        )
      }
    })
  })
}
