/**
 * A fabric that was exported, as containerlab has brought it up, and how its hosts hear each other.
 */
import type { Plan, PlanHost } from '../../../contract/plan.js'
import { Channel } from '../../../lab/channel.js'
import { Containerlab } from '../../../lab/containerlab/containerlab.js'
import type { DockerEngine } from '../../../lab/docker/engine.js'
import type { DockerOfFile } from './docker.js'
import { until } from './wireguard-pair.js'

/** What pings are filled with, 16 octets. */
export const CANARY = 'ztos-canary-52c9'

type Pair = readonly [from: PlanHost, to: PlanHost]

function addressOf({ addresses }: PlanHost): string {
  return (addresses[0] ?? '').split('/')[0] ?? ''
}

/** Each with each other. */
export function pairsOf(hosts: readonly PlanHost[]): readonly Pair[] {
  return hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to) => [from, to] as const))
}

/** Tenants may have the same addresses: this one is nobody's of the first. */
export function strangerTo(own: readonly PlanHost[], others: readonly PlanHost[]): PlanHost {
  const addresses = new Set(own.flatMap((host) => host.addresses))
  const found = others.find((host) => host.addresses.every((one) => !addresses.has(one)))
  if (found === undefined) throw new Error('all have the same addresses')
  return found
}

export class ExportedLab {
  private constructor(
    private readonly docker: DockerEngine,
    readonly containerlab: Containerlab,
    readonly plan: Plan,
    readonly file: string,
  ) {}

  static async of(
    { engine: { docker }, image }: DockerOfFile,
    plan: Plan,
    file: string,
  ): Promise<ExportedLab> {
    // What an old Docker needs, as the file's comment has it.
    const env = (await docker.knowsCapability(image.reference, 'BPF'))
      ? {}
      : { ZTOS_CAP_BPF: 'SYS_ADMIN', ZTOS_CAP_PERFMON: 'SYS_ADMIN' }
    return new ExportedLab(docker, new Containerlab({ host: docker.host, env }), plan, file)
  }

  container(of: string): string {
    return `clab-${this.plan.fabric}-${of}`
  }

  hosts(tenant: string): readonly PlanHost[] {
    return this.plan.hosts.filter((host) => host.tenant === tenant)
  }

  async ping(from: PlanHost, to: PlanHost, count = 2): Promise<number> {
    const words = ['-n', '-c', '1', '-W', '2', '-p', Buffer.from(CANARY).toString('hex')]
    const host = this.container(`h-${from.id.replace('/', '-')}`)
    let answered = 0
    // A ping for each, as between WireGuard peers: one that has had an answer hardly waits for the others.
    for (let n = 0; n < count; n++) {
      const { stdout } = await this.docker.exec(host, ['ping', ...words, addressOf(to)])
      answered += Number(/(\d+) received/.exec(stdout)?.[1] ?? 0)
    }
    return answered
  }

  /** Each container says that it is, soon. */
  async healthy(): Promise<void> {
    const { plan, file } = this
    await until(
      `all of ${plan.fabric} is healthy`,
      async () => {
        const all = await this.containerlab.inspect(file)
        return (
          all.length === plan.nodes.length + plan.hosts.length &&
          all.every(({ status }) => status === 'healthy')
        )
      },
      30_000,
    )
  }

  /** Those of these pairs whose second does not answer one ping of the first, all at once. */
  async unanswered(pairs: readonly Pair[]): Promise<string[]> {
    const words = 'for to; do ping -n -q -c 1 -W 1 "$to" >/dev/null && echo "$to" & done; wait'
    const of = (host: PlanHost) => pairs.flatMap(([from, to]) => (from === host ? [to] : []))
    const missed = [...new Set(pairs.map(([from]) => from))].map(async (from) => {
      const targets = of(from).map(addressOf)
      const host = this.container(`h-${from.id.replace('/', '-')}`)
      const { stdout } = await this.docker.exec(host, ['sh', '-c', words, 'sh', ...targets])
      const answers = new Set(stdout.split('\n'))
      return targets.filter((to) => !answers.has(to)).map((to) => `${from.id} to ${to}`)
    })
    return (await Promise.all(missed)).flat()
  }

  /** What a command in a node's container says. */
  async said(node: string, ...argv: readonly string[]): Promise<string> {
    return (await this.docker.exec(this.container(node), argv)).stdout
  }

  /** A file in a container, by its first process. */
  async inside(node: string, file: string): Promise<string> {
    const { pid } = await this.docker.inspect(this.container(node))
    return `/proc/${pid}/root${file}`
  }

  async ask(node: string, request: Readonly<Record<string, unknown>> & { op: string }) {
    const channel = await Channel.open(await this.inside(node, '/run/ztos/control'), node)
    try {
      return await channel.request(request)
    } finally {
      channel.close()
    }
  }
}
