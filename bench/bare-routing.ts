/**
 * The bare script beside which a lab with a control plane is held: namespaces and plain cables by one `ip -batch`, the daemons by a shell
 * with the configuration files that a lab writes, what agents announce handed to GoBGP by its API. No engine, no agent, no plan's checks.
 *
 * @module
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { announcePath, originatePath } from '../agent/convert.js'
import { GobgpClient } from '../agent/gobgp-client.js'
import type { NodeControl } from '../contract/control-plane.js'
import type { Plan } from '../contract/plan.js'
import { daemonAccount } from '../lab/daemons/account.js'
import { frrConfig } from '../lab/daemons/frr-config.js'
import { gobgpConfig } from '../lab/daemons/gobgp-config.js'
import { daemonDoor, type DaemonDoor } from '../lab/daemons/launch.js'
import { observe, type DaemonObserver } from '../lab/daemons/observer.js'
import { daemonPrograms } from '../lab/daemons/programs.js'
import { untilQuiet } from '../lab/daemons/quiet.js'
import { LabError } from '../lab/errors.js'
import type { RibRow } from '../contract/rib.js'
import { announcements, NOTHING_LEARNED } from '../twin/control/index.js'

/** The environment in which a lab runs its daemons. */
const ENVIRONMENT = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '65536',
  GOGC: '200',
}

/** How often daemons that have come to something else are looked at again. */
const TRIES = 10

interface BareNode {
  readonly name: string
  readonly control: NodeControl
  readonly door: DaemonDoor
  readonly namespace: string
  readonly routes: readonly ReturnType<typeof originatePath>[]
}

export class BareRouting {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'ztos-bare-'))
  private readonly nodes: readonly BareNode[]
  private readonly batch: string

  /** Writes all files: what is measured begins behind that. */
  constructor(plan: Plan) {
    const account = daemonAccount()
    const give = (name: string) => {
      chownSync(name, account.uid, account.gid)
      chmodSync(name, 0o755)
    }
    give(this.folder)
    this.nodes = plan.nodes.flatMap(({ name, control, program }) => {
      if (control === undefined) return []
      const door = daemonDoor(this.folder, name, control)
      mkdirSync(door.folder, { recursive: true })
      give(path.dirname(door.folder))
      give(door.folder)
      writeConfiguration(plan, name, control, door.folder)
      const vtep = control.evpn?.vtep ?? control.routerId
      const originator = { asn: control.asn, routerId: control.routerId, vtep }
      const { routes } = announcements(
        { name, control, interfaces: program.interfaces },
        NOTHING_LEARNED,
        new Map(),
      )
      const own =
        control.daemon === 'frr'
          ? []
          : [
              ...control.originate.map((prefix) => originatePath(prefix)),
              ...routes.map((route) => announcePath(route, originator)),
            ]
      return { name, control, door, namespace: `bare-${process.pid}-${name}`, routes: own }
    })
    this.batch = batchOf(this.nodes)
  }

  /**
   * From nothing to the rest of all daemons. What their counts call rest may be a pause between two messages: then it is waited for again.
   *
   * @param isRight whether tables are what daemons are to come to
   * @returns s, and the tables that they then have
   */
  async run(
    signal: AbortSignal,
    isRight: (rows: readonly RibRow[]) => boolean,
  ): Promise<{ readonly seconds: number; readonly rows: readonly RibRow[] }> {
    const began = performance.now()
    await execa('ip', ['-batch', '-'], { input: this.batch, cancelSignal: signal })
    await execa('sh', ['-e'], {
      input: startScript(this.nodes),
      env: ENVIRONMENT,
      cancelSignal: signal,
    })
    const observers = await Promise.all(this.nodes.map(({ door }) => listening(door)))
    try {
      await Promise.all(this.nodes.map((node) => announceAll(node)))
      for (let tries = TRIES; ; tries--) {
        await untilQuiet(observers, { timeout: 60_000, signal })
        const seconds = (performance.now() - began) / 1000
        const readings = await Promise.all(observers.map((observer) => observer.rib()))
        const rows = readings.flatMap((reading) => reading.rows)
        if (tries === 0 || isRight(rows)) return { seconds, rows }
      }
    } finally {
      for (const observer of observers) observer.close()
    }
  }

  /** Ends the daemons and removes all that was made. */
  async close(): Promise<void> {
    const pids = this.nodes.flatMap(({ door, control }) =>
      (control.daemon === 'frr' ? ['bgpd', 'zebra'] : ['gobgpd']).map((program) =>
        Number(readText(path.join(door.folder, `${program}.pid`)).trim()),
      ),
    )
    await Promise.all(pids.filter((pid) => Number.isInteger(pid) && pid > 1).map((pid) => ended(pid)))
    const removal = this.nodes.map(({ namespace }) => `netns del ${namespace}`)
    await execa('ip', ['-force', '-batch', '-'], { input: `${removal.join('\n')}\n`, reject: false })
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function writeConfiguration(plan: Plan, name: string, control: NodeControl, folder: string): void {
  writeFileSync(path.join(folder, 'start.sh'), nodeScript(control, folder))
  writeFileSync(path.join(folder, 'inside.ip'), insideOf(control))
  if (control.daemon === 'frr') {
    const { zebra, bgpd } = frrConfig(name, control)
    writeFileSync(path.join(folder, 'zebra.conf'), zebra)
    writeFileSync(path.join(folder, 'bgpd.conf'), bgpd)
    return
  }
  const calls = plan.nodes.flatMap((node) => (node.control?.daemon === 'frr' ? node.name : []))
  writeFileSync(
    path.join(folder, 'gobgpd.toml'),
    gobgpConfig(name, control, { passiveTowards: new Set(calls) }),
  )
}

/** Namespaces, and a cable for each link. */
function batchOf(nodes: readonly BareNode[]): string {
  const made = nodes.map(({ namespace }) => `netns add ${namespace}`)
  const places = new Map(
    nodes.flatMap(({ control, namespace }) =>
      control.sessions.map((session) => [`${session.link} ${session.local}`, { session, namespace }]),
    ),
  )
  const cables = [...places.values()].flatMap(({ session: { link, port, local, remote }, namespace }) => {
    const far = places.get(`${link} ${remote}`)
    if (far === undefined || local > remote) return []
    const ends = [`${port} netns ${namespace}`, `${far.session.port} netns ${far.namespace}`]
    return [`link add ${ends[0]} type veth peer name ${ends[1]}`]
  })
  return `${[...made, ...cables].join('\n')}\n`
}

/** What is done in a namespace: each cable gets the address of its session. */
function insideOf({ sessions }: NodeControl): string {
  const lines = sessions.flatMap(({ port, local, remote }) => [
    `addr add ${local} peer ${remote} dev ${port}`,
    `link set ${port} up`,
  ])
  return `${['link set lo up', ...lines].join('\n')}\n`
}

/** All nodes at once; returns when every daemon serves. */
function startScript(nodes: readonly BareNode[]): string {
  const starts = nodes.map(
    ({ namespace, door }) => `ip netns exec ${namespace} sh -e ${door.folder}/start.sh &`,
  )
  return [...starts, 'wait', ''].join('\n')
}

/** Sets a node's cables up and starts its daemons, from its folder. */
function nodeScript(control: NodeControl, folder: string): string {
  const { zebra, bgpd, gobgpd } = daemonPrograms()
  const common = `--user frr --group frr --socket $PWD/zserv.api --vty_socket $PWD --vty_port 0 --log stdout`
  const start = (name: string, command: string, socket: string) => [
    `setsid nohup ${command} > ${name}.log 2>&1 &`,
    `echo $! > ${name}.pid`,
    `until test -S ${socket}; do sleep 0.01; done`,
  ]
  const frr = (name: string, program: string) =>
    start(
      name,
      `${program} ${common} --config_file $PWD/${name}.conf --pid_file $PWD/${name}.run`,
      `${name}.vty`,
    )
  const lines =
    control.daemon === 'frr'
      ? [...frr('zebra', zebra), ...frr('bgpd', bgpd)]
      : start(
          'gobgpd',
          `${gobgpd} --config-file $PWD/gobgpd.toml --api-hosts unix://$PWD/gobgp.sock --pprof-disable --cpus 1`,
          'gobgp.sock',
        )
  return [`cd ${folder}`, 'ip -batch inside.ip', ...lines, ''].join('\n')
}

/** A daemon's socket is there a moment before it listens. */
async function listening(door: DaemonDoor): Promise<DaemonObserver> {
  for (let tries = 100; ; tries--) {
    try {
      return await observe(door)
    } catch (error) {
      if (!(error instanceof LabError) || error.code !== 'ZT_LAB_CONNECTION' || tries === 0) throw error
    }
    await delay(5)
  }
}

async function announceAll({ door, routes }: BareNode): Promise<void> {
  if (routes.length === 0) return
  const client = new GobgpClient({ socket: door.socket, protoFolder: daemonPrograms().protoFolder })
  try {
    await client.ready(10_000)
    for (const route of routes) await client.add(route)
  } finally {
    client.close()
  }
}

async function ended(pid: number): Promise<void> {
  const kill = (name: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(pid, name)
    } catch {
      // It is gone.
      return false
    }
  }
  kill('SIGTERM')
  for (let n = 0; n < 200 && kill(0); n++) await delay(10)
  kill('SIGKILL')
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // A daemon that has never run has left none.
    return ''
  }
}
