import { describe, expect, test } from 'vitest'
import type { Plan, PlanIntent } from '../../contract/plan.js'
import type { Interface, NodeProgram } from '../../contract/program.js'
import { judgeIntent } from '../../sdk/judge/intent.js'
import { planOf, twinOf } from './testing/demo.js'

const stacked = planOf('demo-stacked')
const inside = planOf('demo-wireguard-inside')
const intent = (plan: Plan, name: string): PlanIntent => twinOf(plan).fabric.intent(name)

function changed(plan: Plan, change: (programs: readonly NodeProgram[], of: Plan) => void): Plan {
  const copy = structuredClone(plan)
  change(
    copy.nodes.map(({ program }) => program),
    copy,
  )
  return copy
}

type Macsec = Extract<Interface, { kind: 'macsec' }>

/** Ends of sealed tunnels. */
function ends(programs: readonly NodeProgram[]): readonly (readonly [NodeProgram, Macsec])[] {
  return programs.flatMap((program) =>
    program.interfaces.flatMap((item) =>
      item.kind === 'macsec' && item.bridge !== undefined ? [[program, item] as const] : [],
    ),
  )
}

describe('[Z11] a plan that seals tenants from leaf to leaf holds', () => {
  test.each<readonly [string, Plan]>([
    ['tenants-sealed', stacked],
    ['core-sealed', stacked],
    ['shop-sealed', inside],
    ['core-sealed', inside],
  ])('%s', async (name, plan) => {
    const verdict = await judgeIntent(twinOf(plan), intent(plan, name))
    expect(verdict).toMatchObject({ name, judgement: 'holds', findings: [] })
    expect(verdict.judged).toBeGreaterThan(0)
    expect(verdict.controls).toBeGreaterThan(0)
  })
})

/** Without the seal: the vxlan interface is in the bridge itself. */
function unsealed(programs: readonly NodeProgram[]): void {
  for (const [program, macsec] of ends(programs)) {
    program.interfaces = program.interfaces
      .filter((item) => item !== macsec)
      .map((item) =>
        item.kind === 'vxlan' && item.id === macsec.lower
          ? { ...item, bridge: macsec.bridge, learning: true }
          : item,
      )
    const vxlan = program.interfaces.find((item) => item.id === macsec.lower)
    const remote = vxlan?.kind === 'vxlan' ? vxlan.remotes[0] : undefined
    if (remote === undefined) continue
    program.tables.flood.push({ interface: macsec.lower, remotes: [remote] })
    program.tables.fdb = program.tables.fdb.map((entry) =>
      entry.interface === macsec.id ? { ...entry, interface: macsec.lower, remote } : entry,
    )
  }
}

/** Around WireGuard: the L3 VNI connects the tenant's VRF itself. */
function around(programs: readonly NodeProgram[]): void {
  for (const { interfaces, tables } of programs) {
    const wg = interfaces.find((item) => item.kind === 'wireguard' && item.lower === undefined)
    if (wg?.kind !== 'wireguard') continue
    const transit = wg.underlayVrf
    for (const item of interfaces) if (item.kind === 'irb' && item.vrf === transit) item.vrf = wg.vrf
    const gateways = tables.routes.filter(({ vrf }) => vrf === transit)
    for (const route of tables.routes) {
      if (route.vrf !== wg.vrf || route.connected !== undefined) continue
      const peer = wg.peers.find(({ allowedIps }) => allowedIps.includes(route.prefix))
      const via = gateways.find(({ prefix }) => prefix === `${peer?.endpoint?.address}/32`)
      if (via?.group !== undefined) route.group = via.group
    }
    tables.routes = tables.routes.filter(({ vrf }) => vrf !== transit)
  }
}

describe('[Z11] [T07] a program that does not seal a tenant is violated, whatever seals the links', () => {
  test.each<[string, Plan, string, string, (programs: readonly NodeProgram[], of: Plan) => void]>([
    ['tunnels without their seal', stacked, 'tenants-sealed', 'INV-NO-CANARY', unsealed],
    [
      'seals that are off at both ends',
      stacked,
      'tenants-sealed',
      'INV-NO-CANARY',
      (programs) => {
        for (const [, macsec] of ends(programs)) macsec.mode = 'disabled'
      },
    ],
    [
      'integrity alone',
      stacked,
      'tenants-sealed',
      'INV-NO-CANARY',
      (programs) => {
        for (const [, macsec] of ends(programs)) macsec.confidentiality = 'none'
      },
    ],
    [
      'one key for several tunnels',
      stacked,
      'tenants-sealed',
      'INV-SEALED',
      (programs) => {
        const key = ends(programs)[0]?.[1].tx.key ?? ''
        for (const [, macsec] of ends(programs)) for (const sa of [macsec.tx, ...macsec.rx]) sa.key = key
      },
    ],
    ['a way around WireGuard', inside, 'shop-sealed', 'INV-NO-CANARY', around],
  ])('%s', async (_, plan, name, invariant, change) => {
    const runs = changed(plan, change)
    const verdict = await judgeIntent(twinOf(plan, { runs }), intent(plan, name))
    expect(verdict.judgement).toBe('violated')
    expect(verdict.findings.map((one) => one.invariant)).toContain(invariant)
  })

  test.each<[string, Plan, string, RegExp, (programs: readonly NodeProgram[]) => void]>([
    [
      'of a tunnel that lets clear frames by',
      stacked,
      'tenants-sealed',
      /does not seal \w+ between leaf/,
      (programs) => {
        for (const [, macsec] of ends(programs)) macsec.mode = 'check'
      },
    ],
    [
      'of an end that does not hear the reserve',
      stacked,
      'tenants-sealed',
      /does not seal \w+ between leaf/,
      (programs) => {
        for (const [, macsec] of ends(programs))
          macsec.standby = [{ ...macsec.tx, an: 1, key: `${macsec.tx.key}1` }]
      },
    ],
    [
      'of a bridge with a way out of its own',
      inside,
      'shop-sealed',
      /sends VNI \d+ of shop without its seal/,
      (programs) => {
        for (const { interfaces } of programs) {
          const shop = interfaces.find((item) => item.kind === 'bridge' && item.name === 'br10010')
          for (const item of interfaces)
            if (item.kind === 'vxlan' && item.vni === 20010 && shop !== undefined)
              Object.assign(item, { vni: 10010, bridge: shop.id })
        }
      },
    ],
  ])('and a plan is, %s, before anything is sent', async (_, plan, name, message, change) => {
    const wrong = changed(plan, change)
    const { findings } = await judgeIntent(twinOf(wrong, { runs: plan }), intent(plan, name))
    expect(findings.map((one) => one.message).some((text) => message.test(text))).toBe(true)
  })
})
