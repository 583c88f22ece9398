import { describe, expect, it } from 'vitest'
import { checks, doctorText, reportOf, tierNames, type CheckId, type Findings } from './report.js'
import { cpuFeatures, findingsOf } from './unprivileged.js'

const host = { kernel: '6.1.0', architecture: 'x64', cpu: 'a processor', cores: 2 }
const ids = Object.keys(checks) as CheckId[]
const allGood = Object.fromEntries(ids.map((id) => [id, { outcome: 'yes' as const }])) as Findings
const tier = (findings: Findings, name: string) =>
  reportOf(host, findings).tiers.find((one) => one.tier === name)

describe('what a host can run', () => {
  it('is everything that this version has when every check is good', () => {
    const available = reportOf(host, allGood).tiers.filter((one) => one.available)
    expect(available.map((one) => one.tier)).toEqual([
      'twin',
      'engine',
      'kernel',
      'containerlab',
      'reference-vm',
    ])
  })

  it('is the twin where nothing but Node is there', () => {
    const available = reportOf(host, { node: { outcome: 'yes' } }).tiers.filter((one) => one.available)
    expect(available.map((one) => one.tier)).toEqual(['twin'])
  })

  it('says which checks stand in the way', () => {
    const findings: Findings = { ...allGood, 'xdp-native': { outcome: 'no' }, vxlan: { outcome: 'no' } }
    expect(tier(findings, 'engine')).toEqual({ tier: 'engine', available: false, missing: ['xdp-native'] })
    expect(tier(findings, 'kernel')).toMatchObject({ missing: ['xdp-native', 'vxlan'] })
  })

  it('says what this version does not have, whatever the host has', () => {
    expect(tier(allGood, 'engine-rootless')).toMatchObject({
      available: false,
      reason: expect.stringContaining('no labs without root'),
    })
  })

  it('boots the reference VM where there is QEMU and an image, by KVM or without it', () => {
    const no = { outcome: 'no' as const }
    expect(tier({ ...allGood, kvm: no }, 'reference-vm')).toMatchObject({ available: true })
    const without = tier({ ...allGood, qemu: no, 'vm-image': no }, 'reference-vm')
    expect(without).toMatchObject({ available: false, missing: ['qemu', 'vm-image'] })
  })

  it('has labs of containers where containerlab and Docker are, whatever capabilities Docker knows, and no others for it', () => {
    const no = { outcome: 'no' as const }
    const old = { ...allGood, 'docker-capabilities': no, mmdebstrap: no }
    expect(tier(old, 'containerlab')).toMatchObject({ available: true })
    const fresh = { ...allGood, 'node-image': no }
    expect(tier(fresh, 'containerlab')).toMatchObject({ available: true })
    const without = { ...allGood, docker: no, 'node-image': { outcome: 'unknown' as const } }
    expect(tier(without, 'containerlab')).toMatchObject({
      available: false,
      missing: ['docker'],
    })
    expect(tier(without, 'engine')).toMatchObject({ available: true })
  })

  it('takes what was not tried for unknown, not for good', () => {
    const { checks: results } = reportOf(host, {})
    expect(results.map(({ outcome }) => outcome)).toEqual(ids.map(() => 'unknown'))
  })
})

describe('a report for people', () => {
  it('has a line for each check and tier, and the remedy of what is missing', () => {
    const text = doctorText(
      reportOf(host, { ...allGood, binaries: { outcome: 'no', remedy: 'run `make build`' } }),
    )
    for (const id of ids) expect(text).toContain(checks[id].title)
    for (const name of tierNames) expect(text).toContain(name)
    expect(text).toMatch(/NO {3}engine and probe .*for labs and replay; remedy: run `make build`/)
    expect(text).toContain('NO   engine: wants binaries')
  })
})

describe('looking', () => {
  it('goes on when one look fails, and says why it is unknown', async () => {
    const found = await findingsOf([
      ['node', () => Promise.reject(new Error('broken'))],
      ['cpu', () => ({ outcome: 'yes' })],
    ])
    expect(found).toEqual({ node: { outcome: 'unknown', detail: 'broken' }, cpu: { outcome: 'yes' } })
  })

  it('reads processor features as the kernel lists them', () => {
    expect(cpuFeatures('flags\t\t: fpu aes pclmulqdq avx2 vaes\n')).toMatchObject({
      outcome: 'yes',
      detail: 'aes pclmulqdq avx2 vaes',
    })
    expect(cpuFeatures('flags\t\t: fpu aes_x\n')).toMatchObject({ outcome: 'no' })
    expect(cpuFeatures('')).toMatchObject({ outcome: 'no' })
  })
})
