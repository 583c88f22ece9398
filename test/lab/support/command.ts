/**
 * The command as a person calls it: another process, from what was built.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { labDown, listLabs } from '../../../lab/index.js'
import { labInterpreters } from '../../../record/verdict.js'

/** What a call left. */
interface Called {
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

const ztosFile = fileURLToPath(new URL('../../../ztos', import.meta.url))

/** A folder of one's own for records, key files and whatever a test writes, and labs that are taken down with it. */
export class Workplace {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'zt-lab-test-'))
  private readonly labs = new Set<string>()

  file(name: string): string {
    return path.join(this.folder, name)
  }

  start(...argv: readonly string[]): ChildProcess {
    return spawn(ztosFile, argv, { env: this.environment(), stdio: 'pipe' })
  }

  /** Calls `ztos` and waits for its end. */
  async ztos(...argv: readonly string[]): Promise<Called> {
    return this.ztosWith('', ...argv)
  }

  /** The same, with something to read on its standard input. */
  async ztosWith(input: string | Uint8Array, ...argv: readonly string[]): Promise<Called> {
    const child = this.start(...argv)
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
    return ended(child)
  }

  /** Brings a lab up by the command. @returns its id */
  async labUp(fabric: string, ...options: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.ztos('lab', 'up', fabric, '--id', ...options)
    if (status !== 0) throw new Error(`lab up ended with ${status ?? 'a signal'}: ${stderr}`)
    const id = stdout.toString().trim()
    this.labs.add(id)
    return id
  }

  /** Takes down what tests left, and removes the folder. */
  async close(): Promise<void> {
    const running = new Set(listLabs().map(({ id }) => id))
    for (const id of this.labs) if (running.has(id)) await labDown(id)
    rmSync(this.folder, { recursive: true, force: true })
  }

  private environment(): NodeJS.ProcessEnv {
    return { ...process.env, XDG_STATE_HOME: this.file('state'), NO_COLOR: '1' }
  }
}

/** Waits for the end of a process and what it has written. */
export async function ended(child: ChildProcess): Promise<Called> {
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout?.on('data', (data: Buffer) => out.push(data))
  child.stderr?.on('data', (data: Buffer) => err.push(data))
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { status, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString('utf8') }
}

const Judgement = z.enum(['holds', 'violated', 'unjudged', 'disputed'])
const Verdict = z.looseObject({
  name: z.string(),
  combined: Judgement,
  verdicts: z.array(
    z.looseObject({
      by: z.enum(['twin', ...labInterpreters]),
      judgement: Judgement,
      judged: z.int(),
      controls: z.int(),
      reason: z.string().optional(),
      findings: z.array(z.looseObject({ message: z.string(), frame: z.string().optional() })),
    }),
  ),
})
const Verified = z.looseObject({
  run: z.string(),
  directory: z.string(),
  exit: z.int(),
  verdicts: z.array(Verdict),
})
export type Verified = z.infer<typeof Verified>

/** The document of `ztos verify --json`. */
export function verifiedOf({ status, stdout, stderr }: Called): Verified {
  try {
    return Verified.parse(JSON.parse(stdout.toString('utf8')))
  } catch (cause) {
    throw new Error(`verify ended with ${status ?? 'a signal'} and no verdicts: ${stderr}`, { cause })
  }
}

/** Verdicts that do not hold, in short, for messages of tests. */
export function troubles({ verdicts }: Verified): readonly string[] {
  return verdicts
    .filter(({ combined }) => combined !== 'holds')
    .map(({ name, combined, verdicts: by }) => {
      const each = by.map(
        (one) => `${one.by} ${one.judgement}${one.reason === undefined ? '' : ` (${one.reason})`}`,
      )
      const findings = by.flatMap((one) => one.findings.map(({ message }) => message)).slice(0, 3)
      return `${name}: ${combined}: ${[...each, ...findings].join('; ')}`
    })
}
