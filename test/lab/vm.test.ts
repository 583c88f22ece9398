/**
 * The reference VM itself: it boots, does what it is told, says why it ended, and leaves nothing on the host however its owner ends.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { labDown } from '../../lab/index.js'
import { identify, isAlive } from '../../lab/process-identity.js'
import type { ReferenceVm } from '../../lab/vm/machine.js'
import { nothing, tracesOf } from './support/host.js'
import { bootVm, needsVm } from './support/vm-pair.js'
import { until } from './support/wireguard-pair.js'

beforeEach(needsVm)

describe('the reference VM', () => {
  let vm: ReferenceVm
  beforeAll(async () => {
    const booted = await bootVm(2)
    if (booted !== undefined) vm = booted
  }, 180_000)
  afterAll(() => vm?.close())

  it('has what hosts may lack: wireguard, macsec of every suite, vrf', async () => {
    await vm.run('devices of every kind', [
      'ip link add w type wireguard',
      'ip link add v type vrf table 10',
      ...['128', '256', 'xpn-128', 'xpn-256'].map(
        (suite, n) => `ip link add m${n} link eth0 type macsec port ${n + 1} cipher gcm-aes-${suite}`,
      ),
    ])
    const kinds = JSON.parse(await vm.run('looking', ['ip -json link'])) as { readonly ifname: string }[]
    expect(kinds.map(({ ifname }) => ifname)).toEqual(
      expect.arrayContaining(['eth0', 'eth1', 'w', 'v', 'm0', 'm1', 'm2', 'm3']),
    )
  })

  it('says how a command ended, and runs many at a time', async () => {
    const codes = await Promise.all([0, 1, 2, 3].map((code) => vm.exec(['sh', '-c', `exit ${code}`])))
    expect(codes.map(({ code }) => code)).toEqual([0, 1, 2, 3])
    await expect(vm.run('looking', ['ip link show nobody'])).rejects.toMatchObject({
      code: 'ZT_LAB_COMMAND',
      message: expect.stringContaining('"nobody" does not exist'),
    })
  })

  it('says that it ended, and all that is asked of it then', async () => {
    const asked = vm.exec(['sleep', '30'])
    process.kill(vm.pid!, 'SIGKILL')
    await expect(asked).rejects.toMatchObject({ code: 'ZT_LAB_DIED' })
    await expect(vm.exec(['true'])).rejects.toMatchObject({ code: 'ZT_LAB_DIED' })
    await vm.close()
    expect(tracesOf(vm.lab)).toEqual(nothing)
  })
})

describe('a reference VM whose owner is killed', () => {
  it('ends with it, and `lab down` removes the rest', async () => {
    const machine = fileURLToPath(new URL('../../dist/lab/vm/machine.js', import.meta.url))
    const program = `
      const { ReferenceVm } = await import(${JSON.stringify(machine)})
      const vm = await ReferenceVm.start({ links: 1 })
      console.log(vm.lab, vm.pid)
      setInterval(() => undefined, 1000)`
    const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said] = (await once(owner.stdout, 'data')) as [Buffer]
    const [lab = '', pid = ''] = said.toString().trim().split(' ')
    const qemu = identify(Number(pid))!
    expect(qemu.command).toContain('qemu-system')
    owner.kill('SIGKILL')
    await until('QEMU is gone', () => !isAlive(qemu))
    await labDown(lab)
    expect(tracesOf(lab)).toEqual(nothing)
  })
})
