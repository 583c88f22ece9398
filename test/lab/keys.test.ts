/**
 * Keys stay where they belong. A whole run of the command is searched for every key of its lab, in every form in which a key is
 * written: the record and all that is in it, what the command printed, the lab's own state but for its key file, and command lines and
 * environments of every process of the lab. So is a lab with both kinds of seals whose keys are rotated.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { LAB_MARK } from '../../lab/process-identity.js'
import { labPaths } from '../../lab/paths.js'
import { ended, Workplace } from './support/command.js'
import { shippedFile } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

const KeyFile = z.record(z.string(), z.string().regex(/^(?:[0-9a-f]{2})+$/))

/** Every way of writing 16 octets that somebody would look for, as latin1 text. */
function formsOf(hex: string): readonly string[] {
  const raw = Buffer.from(hex, 'hex')
  const reversed = Buffer.from(raw.toReversed())
  return [
    raw.toString('latin1'),
    reversed.toString('latin1'),
    hex,
    hex.toUpperCase(),
    raw.toString('hex').replaceAll(/(..)(?=.)/g, '$1:'),
    // Base64 of a text in which the key stands anywhere: three alignments, without the ends that neighbours change.
    ...[0, 1, 2].flatMap((before) => {
      const text = Buffer.concat([Buffer.alloc(before), raw]).toString('base64')
      const inner = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + raw.length) * 8) / 6))
      return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
    }),
    JSON.stringify([...raw]).slice(1, -1),
  ]
}

/** @returns which key stands where */
function findKeys(keys: ReadonlyMap<string, string>, texts: ReadonlyMap<string, string>): readonly string[] {
  const forms = [...keys].flatMap(([name, hex]) => formsOf(hex).map((form) => [name, form] as const))
  return [...texts].flatMap(([where, text]) =>
    forms.filter(([, form]) => text.includes(form)).map(([name]) => `${name} in ${where}`),
  )
}

/** Files below a folder, by their names. */
function filesOf(folder: string): Map<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => path.join(folder, name))
      .filter((name) => statSync(name).isFile())
      .map((name) => [name, readFileSync(name, 'latin1')]),
  )
}

/** What each engine reads, of its own keys alone. */
function keyFilesOfNodes(files: ReadonlyMap<string, string>): string[] {
  return [...files.keys()].filter((name) => /\/config\/[^/]+\/keys\.json$/.test(name))
}

/** Command line and environment of each process of the lab. */
function processesOf(lab: string): Map<string, string> {
  const texts = new Map<string, string>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      if (!environment.includes(`${LAB_MARK}=0/${lab}`) && !commandLine.includes(lab)) continue
      texts.set(`/proc/${pid}/environ`, environment)
      texts.set(`/proc/${pid}/cmdline`, commandLine)
    } catch {
      // It ended while it was looked at.
    }
  }
  return texts
}

beforeEach(needsRoot)

describe('[T07] [B15] keys of a run', () => {
  let at: Workplace
  const keys = new Map<string, string>()
  const texts = new Map<string, string>()
  let processes = 0

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    at = new Workplace()
    const file = shippedFile('demo')
    // One run on a lab that is there before and after, so that its state and its processes can be looked at.
    const lab = await at.labUp(file)
    const paths = labPaths(0, lab)
    const take = (from: ReadonlyMap<string, string>) => {
      for (const [where, text] of from) texts.set(`${texts.size} ${where}`, text)
    }
    const child = at.start('verify', file, '--lab', lab, '--runs', at.file('runs'), '--cases', '3')
    const called = ended(child)
    while (child.exitCode === null && child.signalCode === null) {
      const seen = processesOf(lab)
      processes = Math.max(processes, seen.size / 2)
      take(seen)
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    const { status, stdout, stderr } = await called
    texts.set('stdout', stdout.toString('latin1'))
    texts.set('stderr', stderr)
    if (status !== 0 && status !== 1) throw new Error(`verify ended with ${status ?? 'a signal'}: ${stderr}`)
    for (const [name, value] of Object.entries(KeyFile.parse(JSON.parse(readFileSync(paths.keys, 'utf8')))))
      keys.set(name, value)
    const state = filesOf(paths.folder)
    for (const file of [paths.keys, ...keyFilesOfNodes(state)])
      if (!state.delete(file)) throw new Error(`${file} is not there`)
    take(state)
    // And one whose lab is its own.
    const own = await at.ztos('verify', file, '--runs', at.file('runs'), '--cases', '1', '--json')
    texts.set('stdout of the second', own.stdout.toString('latin1'))
    texts.set('stderr of the second', own.stderr)
    take(filesOf(at.file('runs')))
    for (const [where, text] of filesOf(path.join(at.file('state'), 'ztos', 'keys'))) {
      for (const [name, value] of Object.entries(KeyFile.parse(JSON.parse(text))))
        keys.set(`${name} of ${path.basename(where)}`, value)
    }
  }, 180_000)
  afterAll(async () => {
    if (process.getuid?.() === 0) await at.close()
  })

  it('are in none of its artefacts, in no form', () => {
    // 12 keys of the fabric: of the lab that was there, and of each run's key file.
    expect(keys.size).toBe(3 * 12)
    // labd, five engines and the probe at least.
    expect(processes).toBeGreaterThanOrEqual(7)
    const names = [...texts.keys()].join('\n')
    for (const kind of [
      'report.html',
      'junit.xml',
      'verification.json',
      'plan.json',
      '.ztj',
      '.pcapng',
      '.log',
    ])
      expect(names).toContain(kind)
    expect(findKeys(keys, texts)).toEqual([])
  })

  it('would be found: planted in a file in any form, they are', () => {
    const [[name, hex] = ['', '']] = keys
    const folder = path.join(at.file('runs'), 'planted')
    mkdirSync(folder)
    for (const [n, form] of formsOf(hex).entries()) {
      const file = path.join(folder, `planted-${n}.bin`)
      writeFileSync(file, Buffer.from(`before ${form} behind`, 'latin1'))
      expect(findKeys(keys, filesOf(folder)).filter((one) => one.includes(file))).toContain(
        `${name} in ${file}`,
      )
      writeFileSync(file, '')
    }
    for (const before of [0, 1, 2, 3, 4]) {
      const text = Buffer.concat([Buffer.alloc(before, 'x'), Buffer.from(hex, 'hex'), Buffer.from('yz')])
      expect(
        findKeys(keys, new Map([['x', text.toString('base64')]])).length,
        `${before} before`,
      ).toBeGreaterThan(0)
    }
  })

  it('are in files of their owner alone', () => {
    const folder = path.join(at.file('state'), 'ztos', 'keys')
    const modes = readdirSync(folder).map((one) => statSync(path.join(folder, one)).mode & 0o777)
    expect(modes).toEqual([0o600, 0o600])
    expect(statSync(folder).mode & 0o077).toBe(0)
  })
})

describe('[T07] keys of a lab with both kinds of seals, before and behind a rotation', () => {
  let at: Workplace
  let lab = ''
  /** Secret ones, by reference. */
  const keys = new Map<string, string>()
  const texts = new Map<string, string>()

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    at = new Workplace()
    const file = at.file('sealed.yaml')
    writeFileSync(file, bothSeals())
    lab = await at.labUp(file)
    const paths = labPaths(0, lab)
    const look = () => {
      for (const [name, value] of Object.entries(KeyFile.parse(JSON.parse(readFileSync(paths.keys, 'utf8')))))
        if (!name.endsWith('/public')) keys.set(name, value)
      const state = filesOf(paths.folder)
      for (const name of [paths.keys, ...keyFilesOfNodes(state)]) state.delete(name)
      for (const [where, text] of [...state, ...processesOf(lab)]) texts.set(`${texts.size} ${where}`, text)
    }
    const called = async (...argv: readonly string[]) => {
      const { status, stdout, stderr } = await at.ztos(...argv)
      if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status ?? 'a signal'}: ${stderr}`)
      texts.set(`${argv.join(' ')}: stdout`, stdout.toString('latin1'))
      texts.set(`${argv.join(' ')}: stderr`, stderr)
    }
    look()
    // While keys change.
    const child = at.start('lab', 'rotate', lab, '--json')
    const rotated = ended(child)
    while (child.exitCode === null && child.signalCode === null) {
      for (const [where, text] of processesOf(lab)) texts.set(`${texts.size} ${where}`, text)
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    const { status, stdout, stderr } = await rotated
    if (status !== 0) throw new Error(`lab rotate ended with ${status ?? 'a signal'}: ${stderr}`)
    texts.set('lab rotate: stdout', stdout.toString('latin1'))
    texts.set('lab rotate: stderr', stderr)
    await called('lab', 'list', '--json')
    await called('plan', file, '--json')
    for (const node of ['leaf1', 'spine1', 'spine2'])
      for (const op of ['tables', 'program', 'stats', 'hello'])
        await called('lab', 'control', lab, node, JSON.stringify({ op }))
    look()
  }, 180_000)
  afterAll(async () => {
    if (process.getuid?.() === 0) await at.close()
  })

  it('are nowhere but in the key file', () => {
    // Of each of 3 links 2 MACsec keys, of 3 two private and a pre-shared one; and those of the next epoch.
    expect(keys.size).toBe(2 * (3 * 2 + 3 * 3))
    const names = [...texts.keys()].join('\n')
    for (const kind of ['.ztj', '.log', 'seals.json', 'cmdline', 'environ', 'lab rotate: stdout', 'tables'])
      expect(names).toContain(kind)
    expect(findKeys(keys, texts)).toEqual([])
  })

  it('are of their owner alone, and no process of the lab that has them writes a core', () => {
    const { folder, keys: file, lab: state } = labPaths(0, lab)
    expect([statSync(file).mode & 0o777, statSync(folder).mode & 0o777]).toEqual([0o600, 0o700])
    const { labd } = z
      .object({ labd: z.object({ pid: z.int() }) })
      .parse(JSON.parse(readFileSync(state, 'utf8')))
    expect(readFileSync(`/proc/${labd.pid}/limits`, 'utf8')).toMatch(/^Max core file size +1 /m)
  })

  it('are gone with the lab', async () => {
    const { folder } = labPaths(0, lab)
    expect((await at.ztos('lab', 'down', lab)).status).toBe(0)
    expect(existsSync(folder)).toBe(false)
    const left = filesOf(path.dirname(folder))
    expect(findKeys(keys, left)).toEqual([])
    expect([...processesOf(lab)]).toEqual([])
  })
})

/** The demo fabric, its links to one spine sealed by MACsec, to the other by WireGuard. */
function bothSeals(): string {
  return readFileSync(shippedFile('demo'), 'utf8')
    .replace('key: lab:core }', 'key: lab:core }\n  far: { wireguard: true, psk: true, key: lab:far }')
    .replace(
      '  - { from: "leaf[1-3]", to: "spine[1-2]", seal: core }',
      '  - { from: "leaf[1-3]", to: spine1, seal: core }\n  - { from: "leaf[1-3]", to: spine2, seal: far }',
    )
    .replace('links: "leaf*--spine*"', 'links: "leaf*--spine1"')
}
