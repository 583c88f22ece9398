import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { chooseAccelerator } from './accelerator.js'
import { plugLines, tapLines, unplugLines } from './cables.js'
import { GuestAgent } from './guest-agent.js'
import { vmImage } from './image.js'
import { qemuArguments } from './qemu.js'

const folder = mkdtempSync(path.join(tmpdir(), 'zt-vm-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('what the reference VM runs by', () => {
  const device = path.join(folder, 'kvm')
  writeFileSync(device, '')

  it.each(['vmx', 'svm'])('is KVM where the processor has %s and the device is there', (flag) => {
    expect(chooseAccelerator(`flags\t\t: fpu ${flag} aes\n`, device)).toEqual({ kind: 'kvm' })
  })

  it('is emulation where a device has no hardware behind it, or there is none', () => {
    expect(chooseAccelerator('flags\t\t: fpu aes\n', device)).toMatchObject({ kind: 'tcg' })
    expect(chooseAccelerator('flags\t\t: fpu vmx\n', path.join(folder, 'none'))).toEqual({
      kind: 'tcg',
      reason: expect.stringContaining('cannot be used'),
    })
  })
})

describe('the image of the reference VM', () => {
  const image = path.join(folder, 'build', 'vm')

  it('is missing, with a remedy, until it was made', () => {
    expect(() => vmImage(folder)).toThrow(
      expect.objectContaining({ code: 'ZT_LAB_MISSING', remedy: expect.any(String) }),
    )
  })

  it('is refused when it is of another version', () => {
    mkdirSync(image, { recursive: true })
    for (const name of ['kernel', 'initramfs']) writeFileSync(path.join(image, name), '')
    writeFileSync(path.join(image, 'image.json'), '{"format":"ztos-vm","version":2}')
    expect(() => vmImage(folder)).toThrow(expect.objectContaining({ code: 'ZT_LAB_FORMAT' }))
  })

  it('says its kernel and modules', () => {
    writeFileSync(
      path.join(image, 'image.json'),
      JSON.stringify({ format: 'ztos-vm', version: 1, release: '6.1.0', modules: ['macsec'] }),
    )
    expect(vmImage(folder)).toMatchObject({ release: '6.1.0', modules: ['macsec'] })
  })
})

describe('QEMU', () => {
  const image = { kernel: '/k', initramfs: '/i', release: '6.1.0', modules: [] }
  const argv = (accelerator: 'kvm' | 'tcg') =>
    qemuArguments({ image, accelerator, taps: ['vm0', 'vm1'], console: '/a,b' })

  it('has a NIC on each TAP, with frames as on a cable', () => {
    const devices = argv('tcg').filter((word) => /^(tap|virtio-net)/.test(word))
    expect(devices).toEqual([
      'tap,id=net0,ifname=vm0,script=no,downscript=no,vnet_hdr=off,vhost=off',
      'virtio-net-pci,netdev=net0,mac=02:00:00:00:ee:00,status=off,romfile=',
      'tap,id=net1,ifname=vm1,script=no,downscript=no,vnet_hdr=off,vhost=off',
      'virtio-net-pci,netdev=net1,mac=02:00:00:00:ee:01,status=off,romfile=',
    ])
  })

  it('takes a path with a comma, and the processor as the accelerator has it', () => {
    expect(argv('tcg')).toContain('file,id=console,path=/a,,b,append=on')
    expect(argv('tcg').join(' ')).toContain('-accel tcg -cpu max')
    expect(argv('kvm').join(' ')).toContain('-accel kvm -cpu host')
  })
})

describe('cables of the reference VM', () => {
  it('are joined both ways, and taken away without the TAP', () => {
    const far = { namespace: 'zt-e', device: 'eth1.phy', mac: '02:00:00:00:01:01' }
    const lines = plugLines(3, 'zt-vm', far).join('\n')
    expect(lines).toMatch(/dev vm3 ingress .* redirect dev c3\n/)
    expect(lines).toMatch(/dev c3 ingress .* redirect dev vm3$/)
    expect(unplugLines(3, 'zt-vm').join('\n')).not.toContain('link del vm3')
    expect(tapLines(2).filter((line) => line.includes('tuntap'))).toHaveLength(2)
  })
})

describe('the agent of the guest', () => {
  /** Answers each request by the next of these texts; an empty one by nothing. */
  function agentOf(answers: readonly string[]): { readonly agent: GuestAgent; readonly asked: unknown[] } {
    const asked: unknown[] = []
    let next = 0
    const stream = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        asked.push(JSON.parse(chunk.toString()))
        const answer = answers[next++] ?? ''
        if (answer !== '') stream.push(Buffer.from(answer, 'latin1'))
        done()
      },
    })
    return { agent: new GuestAgent(stream), asked }
  }
  const base64 = (text: string) => Buffer.from(text).toString('base64')

  it('runs a command, with its input, and says what it left', async () => {
    const { agent, asked } = agentOf([
      '{"return": {"pid": 7}}\n',
      '{"return": {"exited": false}}\n',
      `{"return": {"exited": true, "exitcode": 3, "out-data": "${base64('out')}", "err-data": "${base64('err')}"}}\n`,
    ])
    const outcome = await agent.exec(['sh', '-e'], { input: 'exit 3' })
    expect(outcome).toEqual({ argv: ['sh', '-e'], code: 3, signal: null, stdout: 'out', stderr: 'err' })
    expect(asked[0]).toMatchObject({
      execute: 'guest-exec',
      arguments: { path: 'sh', arg: ['-e'], 'input-data': base64('exit 3') },
    })
  })

  it('is asked one thing at a time', async () => {
    const { agent, asked } = agentOf([''])
    const first = agent.exec(['true'])
    const second = agent.exec(['true'])
    await delay(20)
    expect(asked).toHaveLength(1)
    agent.close()
    await expect(first).rejects.toMatchObject({ code: 'ZT_LAB_CONNECTION' })
    await expect(second).rejects.toMatchObject({ code: 'ZT_LAB_CONNECTION' })
  })

  it('is not believed when its answer is to something else', async () => {
    const { agent } = agentOf(['{"return": {"exited": false}}\n'])
    await expect(agent.exec(['true'])).rejects.toMatchObject({ code: 'ZT_LAB_PROTOCOL' })
  })

  it('says by which signal a command ended', async () => {
    const { agent } = agentOf(['{"return": {"pid": 7}}\n', '{"return": {"exited": true, "signal": 9}}\n'])
    expect(await agent.exec(['sleep', '9'])).toMatchObject({ code: null, signal: '9' })
  })

  it('kills a command that takes too long', async () => {
    const running = '{"return": {"exited": false}}\n'
    const { agent, asked } = agentOf(['{"return": {"pid": 7}}\n', running, '{"return": {"pid": 8}}\n'])
    await expect(agent.exec(['sleep', '9'], { timeout: 1 })).rejects.toMatchObject({
      code: 'ZT_LAB_DEADLINE',
    })
    expect(asked.at(-1)).toMatchObject({ arguments: { path: 'kill', arg: ['-9', '7'] } })
  })

  it('refuses a command that is not there', async () => {
    const { agent } = agentOf(['{"error": {"class": "GenericError", "desc": "no such program"}}\n'])
    await expect(agent.exec(['nonsense'])).rejects.toMatchObject({
      code: 'ZT_LAB_MISSING',
      message: expect.stringContaining('no such program'),
    })
  })

  it.each([
    ['what is no JSON', 'nonsense\n', 'ZT_LAB_PROTOCOL'],
    ['an answer of another kind', '{"event": 1}\n', 'ZT_LAB_PROTOCOL'],
    ['nothing', '', 'ZT_LAB_DEADLINE'],
  ])('is given up when it says %s', async (_what, answer, code) => {
    const { agent } = agentOf([answer])
    await expect(agent.ready(50)).rejects.toMatchObject({ code })
    await expect(agent.exec(['true'])).rejects.toMatchObject({ code })
  })
})
