/**
 * Underlay routes of a node in the main table of its namespace (TABLE-7), by one resident `ip -batch`: a process for each route would cost
 * milliseconds. Touches the routes of its own protocol and metric and no others.
 *
 * @module
 */
import { z } from 'zod'
import { formatPrefix, formatIp, parseInterfaceAddress, parseIp } from '../twin/packet/index.js'
import { AgentError } from './errors.js'
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
    /** Absent: the main one. */
    table: z.string().optional(),
    /** RFC 4191; IPv6 routes have one, and others none. */
    pref: z.string().optional(),
    ...Gateway,
    nexthops: z.array(z.object(Gateway)).optional(),
  }),
)

export class KernelRoutes {
  readonly #protocol: string
  /** Of the routes' namespace, for whoever has other questions there. */
  readonly batch: IpBatch

  constructor({ namespace, protocol = 'bgp' }: KernelRoutesOptions) {
    this.#protocol = protocol
    this.batch = new IpBatch(namespace === undefined ? [] : ['-n', namespace], TIMEOUT)
  }

  /** The routes of this protocol and metric that are there, of both families. @throws AgentError `ZT_AGENT_KERNEL` */
  async read(): Promise<KernelRouteTable> {
    // A list of one table is one of one family.
    const command = `route show table all proto ${this.#protocol}`
    const listed = Listed.safeParse(await this.batch.ask(command))
    if (!listed.success) {
      throw new AgentError(
        'ZT_AGENT_KERNEL',
        `\`ip ${command}\` told something else: ${listed.error.message}`,
      )
    }
    return new Map(
      listed.data
        .filter(({ metric, table }) => metric === METRIC && table === undefined)
        .map((route) => [prefixOf(route), (route.nexthops ?? [route]).flatMap(hopOf)]),
    )
  }

  /**
   * Makes the kernel's routes what `wanted` says, knowing that they are as in `present`.
   *
   * @throws AgentError `ZT_AGENT_KERNEL` when `ip` cannot be run; then some may have been changed
   */
  async change(present: KernelRouteTable, wanted: KernelRouteTable): Promise<RouteChanges> {
    const commands = [...this.#replacements(present, wanted), ...this.#removals(present, wanted)]
    if (commands.length === 0) return { changed: 0, refused: [] }
    const failed = await this.batch.run(commands.map(({ line }) => line))
    const refused = failed.flatMap(({ index, why }) => {
      const command = commands[index]
      // What is to go and has gone (the kernel takes routes away with their device) is as it should be.
      return command === undefined || command.goes ? [] : { prefix: command.prefix, why }
    })
    return { changed: commands.length - failed.length, refused }
  }

  /** Ends the resident process; routes stay. */
  close(): void {
    this.batch.close()
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
function prefixOf({ dst, pref }: { readonly dst: string; readonly pref?: string | undefined }): string {
  const isIpv6 = pref !== undefined
  if (dst === 'default') return isIpv6 ? '::/0' : '0.0.0.0/0'
  const text = dst.includes('/') ? dst : `${dst}/${isIpv6 ? 128 : 32}`
  return formatPrefix(parseInterfaceAddress(text).prefix)
}
