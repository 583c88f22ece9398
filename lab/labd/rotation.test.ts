/**
 * Rotations of engines that are models: which keys an end sends with and accepts. They fail before or behind every single request, and after
 * each effect it is looked at whether the ends understand each other.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { EngineRequest } from '../../contract/control.js'
import type { Plan } from '../../contract/plan.js'
import type { NodeProgram, WireguardInterface } from '../../contract/program.js'
import { parseFabric } from '../../twin/model/index.js'
import { compile, keyedGroup, sealGroups } from '../../twin/program/index.js'
import { keysOf } from '../../twin/program/key-references.js'
import type { Answer, Request } from '../channel.js'
import type { SealState } from '../epochs.js'
import { LabError } from '../errors.js'
import { Rotations } from './rotation.js'

function planOf(seal: string): Plan {
  const { fabric, problems } = parseFabric(
    `
ztos: 1
name: sealed
underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24, bgp: { spines: 65000, leaves: 65101-65109 } }
nodes: { leaf1: { role: leaf }, spine1: { role: spine } }
seals: { core: ${seal} }
links: [{ from: leaf1, to: spine1, seal: core }]
`,
    'sealed.yaml',
  )
  if (fabric === undefined) throw new TypeError(JSON.stringify(problems))
  return compile(fabric)
}

const NAME = 'leaf1--spine1'

/** What a request meets: lost before it has an effect, or its answer lost behind it. */
type Fault = { readonly at: number; readonly when: 'before' | 'behind'; readonly code: LabError['code'] }

class Engines {
  /** Values that engines may read. */
  readonly keys = new Set<string>()
  readonly rotated: number[] = []
  written: readonly SealState[] = []
  fault: Fault | undefined
  /** Looks at sessions before there are any. */
  patience = 0
  looks = 0
  /** Peers that were removed. */
  removed = 0
  asked = 0
  /** Looked at behind every effect. */
  onEffect: () => void = () => {}
  private readonly programs: Map<string, NodeProgram>

  constructor(readonly plan: Plan) {
    this.programs = new Map(plan.nodes.map(({ name, program }) => [name, structuredClone(program)]))
    for (const key of plan.keys) this.keys.add(key)
  }

  open(): Rotations {
    return new Rotations(this.plan, {
      ask: (node, request) => this.ask(node, request),
      publicKeyOf: (reference) => `of ${reference}`,
      addKeys: (keys) => {
        for (const key of Object.keys(keys)) this.keys.add(key)
      },
      retireKeys: (references) => {
        for (const key of references) this.keys.delete(key)
      },
      write: (seals) => {
        this.written = structuredClone([...seals])
      },
      onRotated: (_group, epoch) => this.rotated.push(epoch),
    })
  }

  seal(node: string) {
    const found = this.programs
      .get(node)
      ?.interfaces.find(({ kind }) => kind === 'macsec' || kind === 'wireguard')
    if (found?.kind === 'macsec' || found?.kind === 'wireguard') return found
    throw new TypeError('no seal')
  }

  /** Each end opens what the other seals. */
  get understand(): boolean {
    const [a, b] = [this.seal('leaf1'), this.seal('spine1')]
    if (a.kind === 'macsec' && b.kind === 'macsec') {
      const opens = (rx: typeof a.rx, tx: typeof a.tx) =>
        rx.some(({ sci, an, key }) => sci === tx.sci && an === tx.an && key === tx.key)
      return opens(a.rx, b.tx) && opens(b.rx, a.tx)
    }
    return (
      a.kind === 'wireguard' &&
      b.kind === 'wireguard' &&
      names(a, b) &&
      names(b, a) &&
      shared(a) === shared(b)
    )
  }

  private async ask(node: string, request: Request): Promise<Answer> {
    const fault = this.fault?.at === this.asked++ ? this.fault : undefined
    const refusal = () => new LabError(fault?.code ?? 'ZT_LAB_DIED', 'as the test has it')
    if (fault?.when === 'before') throw refusal()
    // Every request is one that an engine understands.
    const answer = this.answer(node, EngineRequest.parse({ ...request, id: 1 }))
    this.onEffect()
    if (fault !== undefined) throw refusal()
    return answer
  }

  private answer(node: string, request: EngineRequest): Answer {
    if (request.op === 'program') return { program: structuredClone(this.programs.get(node)) }
    if (request.op === 'load') {
      this.programs.set(node, request.program)
      for (const key of keysOf([request.program])) this.known({ key })
    }
    if (request.op === 'tables') return this.tables(node)
    if (request.op === 'apply') for (const change of request.changes) this.apply(node, change)
    return {}
  }

  private tables(node: string): Answer {
    const item = this.seal(node)
    if (item.kind === 'wireguard') {
      const isUp = this.understand && ++this.looks > this.patience
      const sessions = isUp ? [{ role: 'current' }] : []
      const peers = item.peers.map(({ publicKey }) => ({ publicKey: `of ${publicKey}`, sessions }))
      return { wireguard: [{ interface: item.id, peers }] }
    }
    const all = [item.tx, ...(item.standby ?? [])]
    const associations = all.map(({ an, key }, n) => ({ an, key, pn: '9', encoding: n === 0 }))
    return { macsec: [{ interface: item.id, tx: { associations } }] }
  }

  private apply(node: string, change: Extract<EngineRequest, { op: 'apply' }>['changes'][number]): void {
    const item = this.seal(node)
    if (change.table === 'receive-association' && item.kind === 'macsec') {
      item.rx = item.rx.filter(({ sci, an }) => sci !== change.sci || an !== change.an)
      if (change.to !== null) item.rx.push({ sci: change.sci, an: change.an, ...this.known(change.to) })
    } else if (change.table === 'transmit-association' && item.kind === 'macsec') {
      item.tx = { sci: item.tx.sci, ...this.known(change.to) }
      item.standby = change.standby?.map((one) => this.known(one)) ?? []
      const numbers = [item.tx, ...item.standby].map(({ an }) => an)
      if (new Set(numbers).size !== numbers.length) throw new TypeError('two associations of one number')
    } else if (change.table === 'peer' && item.kind === 'wireguard') {
      const { publicKey, to } = change
      this.removed += Number(to === null)
      const others = item.peers.filter((peer) => peer.publicKey !== publicKey)
      item.peers = to === null ? others : [...others, { publicKey, ...to }]
    } else throw new TypeError(`${change.table} is not expected`)
  }

  private known<T extends { readonly key: string }>(association: T): T {
    if (!this.keys.has(association.key)) throw new TypeError(`no engine can read ${association.key}`)
    return association
  }
}

function names(a: WireguardInterface, b: WireguardInterface): boolean {
  return a.peers[0]?.publicKey === `${b.privateKey}/public`
}

function shared({ peers }: WireguardInterface): string | undefined {
  return peers[0]?.presharedKey
}

/** What a client gives: values do not matter here. */
function requestFor(plan: Plan, epoch: number) {
  const [group] = sealGroups(plan)
  if (group === undefined) throw new TypeError('no group')
  const keys = Object.fromEntries(keyedGroup(plan, group, epoch).keys.map((key) => [key, '00'.repeat(16)]))
  return { name: NAME, epoch, keys }
}

/** A plan whose MACsec ends have so many associations. */
function withAssociations(plan: Plan, count: number): Plan {
  const copy = structuredClone(plan)
  for (const { program } of copy.nodes) {
    for (const item of program.interfaces) {
      if (item.kind !== 'macsec') continue
      const others = Array.from({ length: count - 1 }, (_, n) => n + 1)
      const next = (key: string, an: number) => ({ an, key: key.replace(/0$/, String(an)) })
      item.standby = others.map((an) => next(item.tx.key, an))
      const [rx] = item.rx
      if (rx !== undefined) item.rx.push(...others.map((an) => ({ sci: rx.sci, ...next(rx.key, an) })))
    }
  }
  return { ...copy, keys: keysOf(copy.nodes.map(({ program }) => program)) }
}

const macsec = planOf('{ macsec: gcm-aes-128, key: lab:core }')

describe.each([
  ['MACsec', 'macsec', macsec],
  ['MACsec with one association waiting', 'macsec', withAssociations(macsec, 2)],
  ['MACsec with two associations waiting', 'macsec', withAssociations(macsec, 3)],
  ['MACsec with three associations waiting', 'macsec', withAssociations(macsec, 4)],
  ['WireGuard', 'wireguard', planOf('{ wireguard: true, psk: true, key: lab:core }')],
] as const)('[MACSEC-11] [WG-33] a rotation of %s', (_name, kind, plan) => {
  let engines: Engines
  let rotations: Rotations
  beforeEach(() => {
    engines = new Engines(plan)
    rotations = engines.open()
  })

  test('gives both ends the keys of the next epoch, and nobody those of the last', async () => {
    const rotated = await rotations.rotate(requestFor(plan, 1))
    expect(rotated).toMatchObject({ from: 0, to: 1 })
    expect(engines.understand).toBe(true)
    expect([...engines.keys].toSorted()).toEqual(Object.keys(requestFor(plan, 1).keys).toSorted())
    expect(engines.rotated).toEqual([1])
    expect(engines.written).toMatchObject([{ name: NAME, kind, seal: 'core', epoch: 1 }])
    expect(engines.written[0]).not.toHaveProperty('next')
    const seal = engines.seal('leaf1')
    const own =
      seal.kind === 'macsec'
        ? [seal.tx, ...(seal.standby ?? []), ...seal.rx].map(({ key }) => key)
        : [seal.privateKey, ...seal.peers.flatMap((peer) => [peer.publicKey, peer.presharedKey ?? ''])]
    // All of them, and nothing else.
    expect(own.filter((key) => !engines.keys.has(key))).toEqual([])
    expect(own).toHaveLength(kind === 'macsec' ? engines.keys.size : 3)
  })

  test('goes round through the association numbers', async () => {
    for (let epoch = 1; epoch <= 9; epoch++) {
      engines.onEffect = () => {
        if (kind === 'macsec' && !engines.understand) throw new Error(`not in epoch ${epoch}`)
      }
      await rotations.rotate(requestFor(plan, epoch))
      expect(engines.understand).toBe(true)
    }
    expect(engines.written).toMatchObject([{ epoch: 9 }])
  })

  test('is refused for another epoch than the next, and for what is not sealed', async () => {
    await expect(rotations.rotate(requestFor(plan, 2))).rejects.toMatchObject({ code: 'ZT_LAB_STATE' })
    await expect(rotations.rotate({ ...requestFor(plan, 1), name: 'x' })).rejects.toMatchObject({
      code: 'ZT_LAB_UNKNOWN',
    })
    expect(engines.asked).toBe(0)
  })

  test('cut off anywhere is completed by the next', async () => {
    const needed = await rotations.rotate(requestFor(plan, 1)).then(() => engines.asked)
    expect(needed).toBeGreaterThan(5)
    const faults = Array.from({ length: needed }, (_, at) =>
      (['before', 'behind'] as const).flatMap((when) =>
        (['ZT_LAB_DIED', 'ZT_LAB_DEADLINE', 'ZT_LAB_REFUSED'] as const).map((code) => ({ at, when, code })),
      ),
    ).flat()
    for (const fault of faults) {
      const some = new Engines(plan)
      const opened = some.open()
      let broken = 0
      some.onEffect = () => (broken += Number(kind === 'macsec' && !some.understand))
      some.fault = fault
      const failed = await opened.rotate(requestFor(plan, 1)).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(failed, `${fault.code} ${fault.when} request ${fault.at}`).toMatchObject({ code: fault.code })
      expect(some.written).toMatchObject([{ epoch: 0, next: { epoch: 1 } }])
      // Refused before it had an effect: a link that had one key has it still, or both ends the other.
      const keeps = kind === 'macsec' || (fault.code === 'ZT_LAB_REFUSED' && fault.when === 'before')
      expect(some.understand || !keeps, `${fault.code} ${fault.when} request ${fault.at}`).toBe(true)
      some.fault = undefined
      await opened.rotate({ ...requestFor(plan, 1), keys: {} })
      expect(some.understand).toBe(true)
      expect(some.written).toMatchObject([{ epoch: 1 }])
      expect(broken).toBe(0)
    }
  })
})

test('[WG-30] WireGuard ends have a keepalive only until they have a session', async () => {
  const plan = planOf('{ wireguard: true, keepalive: 25, key: lab:core }')
  const engines = new Engines(plan)
  const seen = new Set<number | undefined>()
  engines.onEffect = () => {
    const seal = engines.seal('leaf1')
    if (seal.kind === 'wireguard') seen.add(seal.peers[0]?.persistentKeepalive)
  }
  await engines.open().rotate(requestFor(plan, 1))
  expect([...seen]).toEqual([25, 1])
  const seal = engines.seal('leaf1')
  expect(seal.kind === 'wireguard' && seal.peers[0]?.persistentKeepalive).toBe(25)
})

test('[WG-27] WireGuard ends whose handshake is lost begin another, one end at a time', async () => {
  const plan = planOf('{ wireguard: true, psk: true, key: lab:core }')
  const engines = new Engines(plan)
  engines.patience = 150
  await engines.open().rotate(requestFor(plan, 1))
  expect(engines.removed).toBeGreaterThan(0)
  expect(engines.understand).toBe(true)
  const seal = engines.seal('leaf1')
  expect(seal.kind === 'wireguard' && seal.peers).toHaveLength(1)
  expect(seal.kind === 'wireguard' && seal.peers[0]?.persistentKeepalive).toBeUndefined()
})
