/**
 * Links and kernels of a plain fabric, as a test breaks and reads them.
 *
 * @module
 */
import { execFileSync, spawn } from 'node:child_process'
import type { PlainFabric } from './plain-fabric.js'

export function ip(fabric: PlainFabric, node: string, ...argv: string[]): string {
  return execFileSync('ip', ['-n', fabric.namespace(node), ...argv], { encoding: 'utf8' })
}

/** Routes of BGP in a kernel, one line each, without the numbers of next-hop objects. */
export function kernelRoutes(fabric: PlainFabric, node: string): string[] {
  return ip(fabric, node, '-o', 'route', 'show', 'proto', 'bgp')
    .split('\n')
    .map((line) =>
      line
        .replace(/ nhid \d+/, '')
        .replace(/\s*\\\s*/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '')
    .toSorted()
}

/** All that a port would send is lost, and it keeps its carrier; `heard` undoes it. */
export function silence(fabric: PlainFabric, node: string, port: string): void {
  const tc = (...argv: string[]) =>
    execFileSync('ip', ['netns', 'exec', fabric.namespace(node), 'tc', ...argv])
  tc('qdisc', 'add', 'dev', port, 'clsact')
  // TC_ACT_SHOT for whatever comes.
  tc('filter', 'add', 'dev', port, 'egress', 'bpf', 'da', 'bytecode', '1,6 0 0 2')
}

export function unsilence(fabric: PlainFabric, node: string, port: string): void {
  execFileSync('ip', ['netns', 'exec', fabric.namespace(node), 'tc', 'qdisc', 'del', 'dev', port, 'clsact'])
}

/** What a kernel is told of its routes, one line each, as long as it is open. */
export interface RouteEvents {
  readonly lines: readonly string[]
  close(): void
}

export async function routeEvents(fabric: PlainFabric, node: string): Promise<RouteEvents> {
  const lines: string[] = []
  const child = spawn('ip', ['-n', fabric.namespace(node), '-o', 'monitor', 'route'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let rest = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    const all = (rest + text).split('\n')
    rest = all.pop() ?? ''
    lines.push(...all)
  })
  // It listens once what it is shown comes back.
  const probe = 'blackhole 192.0.2.254/32'
  while (!lines.some((line) => line.includes('192.0.2.254'))) {
    ip(fabric, node, 'route', 'replace', ...probe.split(' '))
    ip(fabric, node, 'route', 'del', ...probe.split(' '))
    await new Promise((resolve) => {
      setTimeout(resolve, 10)
    })
  }
  return {
    get lines() {
      return lines.filter((line) => line.includes('proto bgp'))
    },
    close: () => child.kill(),
  }
}

/** ms until it holds, looked at as often as it can be. @throws Error when it does not within `limit` ms */
export async function timeUntil(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limit = 10_000,
): Promise<number> {
  const start = performance.now()
  while (!(await holds())) {
    if (performance.now() - start > limit) throw new Error(`not within ${limit} ms: ${what}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 2)
    })
  }
  return performance.now() - start
}
