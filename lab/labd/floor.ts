/**
 * The floor of a latency: the same number of hops through forwarders that do nothing but take frames from one device and put them
 * on the other. Built beside the lab for one measurement, on the same host, in the same minute.
 *
 * @module
 */
import path from 'node:path'
import type { Answer } from '../channel.js'
import { configureNamespaces, createNetwork, removeNamespacesNamed } from '../netns/driver.js'
import { chainScript, FLOOR_DEVICES } from '../netns/chain.js'
import type { LabPaths } from '../paths.js'
import { Steps } from '../steps.js'
import { writePrivate } from './folder.js'
import { Resident } from './resident.js'

/** A measurement; `data` is the frame that the lab's own was made with, in base64. */
export interface FloorRequest {
  readonly hops: number
  readonly data: string
  readonly rate: number
  readonly count: number
  readonly run: number
}
export interface FloorContext {
  readonly lab: string
  readonly paths: LabPaths
  readonly probe: string
  readonly env: Readonly<Record<string, string>>
}

const [NEAR, FAR] = ['floor/near', 'floor/far'] as const

/** One after the other. */
export class Floors {
  private last: Promise<Answer> = Promise.resolve({})
  private readonly over = new AbortController()

  measure(context: FloorContext, request: FloorRequest): Promise<Answer> {
    const measured = this.last.then(() => measureFloor(context, request, this.over.signal))
    // The next one waits for this one, however it ends.
    this.last = measured.catch(() => ({}))
    return measured
  }

  /** No more are measured, and what is being measured is given up. */
  end(): void {
    this.over.abort()
  }
}

/** @returns the probe's answer to `latency`. Whatever happens, nothing of the chain is left. */
async function measureFloor(
  context: FloorContext,
  request: FloorRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const { lab, paths, probe, env } = context
  const { namespaces, script } = chainScript(lab, request.hops)
  const files = {
    socket: path.join(paths.folder, '_floor.sock'),
    config: path.join(paths.folder, '_floor.json'),
    log: path.join(paths.folder, '_floor.log'),
  }
  const residents: Resident[] = []
  const start = async (resident: Resident, until: AbortSignal): Promise<Resident> => {
    residents.push(resident)
    await resident.ready(until)
    return resident
  }
  const steps = new Steps([
    {
      name: 'floor namespaces',
      setUp: (until) => createNetwork(script, until),
      tearDown: () => removeNamespacesNamed(namespaces),
    },
    { name: 'floor inside', setUp: (until) => configureNamespaces(script.inside, until) },
    {
      name: 'floor processes',
      setUp: async (until) => {
        writePrivate(files.config, JSON.stringify(probeConfig(namespaces, request.data)))
        await Promise.all([
          ...namespaces.slice(1, -1).map((namespace) => {
            const argv = [probe, 'forward', FLOOR_DEVICES.near, FLOOR_DEVICES.far]
            return start(
              Resident.start({
                kind: 'probe',
                title: `the forwarder in ${namespace}`,
                namespace,
                argv,
                log: files.log,
                env,
              }),
              until,
            )
          }),
          start(
            Resident.start({
              kind: 'probe',
              title: 'the probe of the floor',
              argv: [probe, '--control', files.socket, '--config', files.config],
              socket: files.socket,
              log: files.log,
              env,
            }),
            until,
          ),
        ])
      },
      tearDown: async () => {
        await Promise.all(residents.map((resident) => resident.stop()))
      },
    },
  ])
  await steps.up(signal)
  try {
    const { data, rate, count, run } = request
    const last = residents.at(-1)
    if (last === undefined) throw new Error('the floor has no probe')
    return await last.request(
      { op: 'latency', from: NEAR, to: FAR, data, rate, count, run },
      { timeout: 120_000 },
    )
  } finally {
    await steps.down()
  }
}

/** The two ends have the addresses of the frame, so that it is at home where it arrives. */
function probeConfig(namespaces: readonly string[], data: string): object {
  const frame = Buffer.from(data, 'base64')
  const mac = (at: number) =>
    frame
      .subarray(at, at + 6)
      .toString('hex')
      .replaceAll(/(..)(?=.)/g, '$1:')
  const host = (id: string, netns: string | undefined, address: string) => ({
    id,
    netns,
    ifname: FLOOR_DEVICES.host,
    mac: address,
    addresses: [],
    mtu: 1500,
  })
  return {
    format: 'ztos-probe',
    version: 1,
    hosts: [host(NEAR, namespaces[0], mac(6)), host(FAR, namespaces.at(-1), mac(0))],
    links: [],
  }
}
