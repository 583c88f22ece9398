/**
 * The containers of the demo fabric brought up by containerlab, beside bare `docker run` of the same, by turns.
 *
 * What is counted: ms from the first call until the last returns, when all containers run. Bare containers have the same image, capabilities, binds, devices,
 * settings and health checks; mounted is an empty folder, for with their own they would wait for cables that they never get. So they set nothing up and run
 * no engine. containerlab's time has all that it does: its folder, the cables, /etc/hosts and the table in the end. No way waits for health. A lab's time ends when it forwards.
 *
 * @module
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import type { NodeDefinition } from '../contract/lab-topology.js'
import { effectiveNode, readTopology } from '../lab/clab/index.js'
import { runCommand } from '../lab/command.js'
import { Containerlab } from '../lab/containerlab/containerlab.js'
import { exportLab } from '../lab/containerlab/export.js'
import type { DockerEngine } from '../lab/docker/engine.js'
import { nodeImage } from '../lab/image/node-image.js'
import { labUp, type Lab as RunningLab } from '../lab/index.js'
import { deriveKeys, SEED_LENGTH } from '../twin/program/index.js'
import { atRest } from './at-rest.js'
import { demoPlan } from './demo.js'
import { startOwnDocker, whyNoOwnDocker } from './docker.js'
import { whyNoLab, type Bench, type BenchContext, type Figure, type Skip } from './figure.js'

/** Of containerlab's workers, if nobody says otherwise. */
const WORKERS = cpus().length
const OUT_OF_LINE = 600_000

export const containerlabUpBench: Bench = {
  name: 'containerlab-up',
  what: "the demo's containers by containerlab, beside bare `docker run` of the same",
  run,
}

/** Brings all containers up, on the clock, and takes them down, off it. */
interface Way {
  readonly name: string
  readonly up: () => Promise<void>
  readonly down: () => Promise<void>
}

async function run({ runs, signal, say }: BenchContext): Promise<readonly (Figure | Skip)[]> {
  const reason = whyNoLab() ?? whyNoOwnDocker()
  if (reason !== undefined) return [{ name: 'containers by containerlab', reason }]
  const folder = mkdtempSync(path.join(tmpdir(), 'zt-bench-'))
  const image = await nodeImage()
  const { docker, host, stop } = await startOwnDocker()
  try {
    await docker.loadImage(image.archive)
    const lab = await exported(folder, image.reference, docker)
    const ways = [
      bareWay('one after the other', 1, { lab, docker, host, signal }),
      bareWay(`${WORKERS} at a time`, WORKERS, { lab, docker, host, signal }),
      containerlabWay({ lab, docker, host, signal }),
      labWay(host, signal),
    ]
    const times = new Map<string, number[]>(ways.map(({ name }) => [name, []]))
    for (let n = 1; n <= runs; n++) {
      say(`run ${n}`)
      for (const way of ways) {
        await atRest(signal)
        times.get(way.name)?.push(await timed(way, docker, lab.names.length))
      }
    }
    return figuresOf(times, { containers: lab.names.length, 'at a time': WORKERS })
  } finally {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The last two ways are compared with each of the others, run by run. */
function figuresOf(times: ReadonlyMap<string, readonly number[]>, detail: Figure['detail']): Figure[] {
  const all = [...times]
  const [bare, ours] = [all.slice(0, -2), all.slice(-2)]
  return [
    ...all.map(([name, runs]): Figure => ({ name, unit: 'ms', tier: 'command', runs, detail })),
    ...ours.flatMap(([name, own]) =>
      bare.map(([other, runs]): Figure => ({
        name: `${name} beside ${other}`,
        unit: 'x',
        tier: 'command',
        runs: own.map((ms, n) => ms / (runs[n] ?? Number.NaN)),
        target: { atMost: 1.15 },
        detail: { 'docker run has': 'the same containers without what is in them: no cable, no engine' },
      })),
    ),
  ]
}

/** ms @throws Error when not all run that should */
async function timed({ name, up, down }: Way, docker: DockerEngine, wanted: number): Promise<number> {
  try {
    const began = performance.now()
    await up()
    const ms = performance.now() - began
    const running = (await docker.list({})).filter(({ state }) => state === 'running')
    if (running.length !== wanted) throw new Error(`${name}: ${running.length} of ${wanted} containers run`)
    return ms
  } finally {
    await down()
  }
}

interface Lab {
  readonly file: string
  readonly environment: Readonly<Record<string, string>>
  readonly names: readonly string[]
  readonly definition: (name: string) => NodeDefinition
  /** Mounted in the place of what a container is given. */
  readonly nothing: string
}

async function exported(folder: string, image: string, docker: DockerEngine): Promise<Lab> {
  const plan = demoPlan()
  const files = exportLab(plan, { keys: deriveKeys(plan, new Uint8Array(SEED_LENGTH).fill(1)), image })
  for (const [name, { text, mode }] of files) {
    const at = path.join(folder, name)
    mkdirSync(path.dirname(at), { recursive: true })
    writeFileSync(at, text, { mode })
    chmodSync(at, mode)
  }
  const nothing = path.join(folder, 'nothing')
  mkdirSync(nothing)
  const environment: Record<string, string> = (await docker.knowsCapability(image, 'BPF'))
    ? {}
    : { ZTOS_CAP_BPF: 'SYS_ADMIN', ZTOS_CAP_PERFMON: 'SYS_ADMIN' }
  const [[name = '', { text = '' } = {}] = []] = files
  const { topology: read } = readTopology(text, { file: name, environment })
  if (read === undefined) throw new Error('what was exported is no topology')
  return {
    file: path.join(folder, name),
    environment,
    names: Object.keys(read.topology.nodes ?? {}),
    definition: (node) => effectiveNode(read.topology, node),
    nothing,
  }
}

interface Surroundings {
  readonly lab: Lab
  readonly docker: DockerEngine
  readonly host: string
  readonly signal: AbortSignal
}

/** As a shell script would: a line a container, some at a time. */
function bareWay(how: string, atATime: number, { lab, docker, host, signal }: Surroundings): Way {
  const input = lab.names
    .map((name) => `docker run --detach ${optionsOf(name, lab).map(quoted).join(' ')} >/dev/null\n`)
    .join('')
  const argv = ['xargs', '-d', '\\n', '-n', '1', '-P', String(atATime), 'sh', '-c']
  return {
    name: `\`docker run\`, ${how}`,
    up: async () => {
      await runCommand('docker run', argv, {
        input,
        signal,
        timeout: OUT_OF_LINE,
        env: { DOCKER_HOST: host },
      })
    },
    down: async () => {
      await Promise.all((await docker.list({})).map(({ id }) => docker.remove(id)))
    },
  }
}

function containerlabWay({ lab: { file, environment: env }, host, signal }: Surroundings): Way {
  const containerlab = new Containerlab({ host, env, signal })
  return {
    name: 'containerlab deploy',
    up: () => containerlab.deploy(file),
    // After Ctrl-C as well.
    down: () => new Containerlab({ host, env }).destroy(file),
  }
}

/** Until it forwards: engines attached, the probe in its places. */
function labWay(host: string, signal: AbortSignal): Way {
  let lab: RunningLab | undefined
  return {
    name: 'lab up',
    up: async () => {
      process.env['DOCKER_HOST'] = host
      lab = await labUp(demoPlan(), {
        keysSeed: new Uint8Array(SEED_LENGTH).fill(1),
        driver: 'containerlab',
        signal,
      })
    },
    down: async () => {
      await lab?.down()
    },
  }
}

/** What containerlab tells Docker of a node, in the words of its command line. */
function optionsOf(name: string, { definition, nothing }: Lab): readonly string[] {
  const { image = '', healthcheck: health = {}, ...node } = definition(name)
  const settings = (map: Readonly<Record<string, string>> = {}) =>
    Object.entries(map).map(([key, value]) => `${key}=${value}`)
  const options: Readonly<Record<string, readonly (string | number | undefined)[]>> = {
    name: [`bare-${name}`],
    hostname: [name],
    network: [node['network-mode']],
    restart: [node['restart-policy']],
    pull: ['never'],
    'cap-add': node['cap-add'] ?? [],
    device: node.devices ?? [],
    sysctl: settings(node.sysctls),
    label: settings(node.labels),
    volume: (node.binds ?? []).map((one) => one.replace(/^nodes\/[^:]*/, nothing)),
    // Its first word says how it is written.
    'health-cmd': [health.test?.slice(1).join(' ')],
    'health-retries': [health.retries],
    'health-interval': [`${health.interval}s`],
    'health-timeout': [`${health.timeout}s`],
    'health-start-period': [`${health['start-period']}s`],
  }
  const words = Object.entries(options).flatMap(([option, values]) =>
    values.map((value) => `--${option}=${value}`),
  )
  return ['--tty', '--interactive', ...words, image]
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
