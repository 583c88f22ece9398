/**
 * A user's project: an empty folder outside the clone, in which commands run as in a fresh shell.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** How a command ended, and what it said on both channels. */
export interface Ended {
  readonly code: number
  readonly output: string
}

/** Variables of this test run, which a user's shell does not have. */
const ours = /^(?:ZTOS_|ZT_|VITEST|TEST$|NODE_ENV$|NODE_OPTIONS$|DEV$|PROD$|MODE$|FORCE_COLOR$|npm_)/

/** Runs a command to its end. Standard error follows standard output. */
async function command(cwd: string, argv: readonly string[], env: Environment = {}): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !ours.test(name))
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      {
        cwd,
        env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env },
        timeout: 240_000,
        maxBuffer: 64 << 20,
      },
      (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`
        if (error === null) resolve({ code: 0, output })
        else if (typeof error.code === 'number') resolve({ code: error.code, output })
        else reject(new Error(`${argv.join(' ')} did not end by itself: ${error.message}\n${output}`))
      },
    )
  })
}

type Environment = Readonly<Record<string, string>>

/** As {@link command}, for what must work. */
export async function must(cwd: string, argv: readonly string[], env: Environment = {}): Promise<string> {
  const { code, output } = await command(cwd, argv, env)
  if (code === 0) return output
  throw new Error(`${argv.join(' ')} exited ${code}\n${output}`)
}

/** The folder of a user. */
export class Project {
  private constructor(readonly directory: string) {}

  static async create(): Promise<Project> {
    return new Project(await mkdtemp(path.join(tmpdir(), 'ztos-user-')))
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(path.join(this.directory, name), text)
  }

  async read(name: string): Promise<string> {
    return readFile(path.join(this.directory, name), 'utf8')
  }

  async delete(name: string): Promise<void> {
    await rm(path.join(this.directory, name))
  }

  /** What a user types, quotes and variables included. */
  async type(line: string): Promise<Ended> {
    return command(this.directory, ['sh', '-c', line], this.environment)
  }

  /** As {@link type}, for what must work. */
  async typeToWork(line: string): Promise<string> {
    return must(this.directory, ['sh', '-c', line], this.environment)
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true })
  }

  /** Nothing that a run leaves lies outside the project. */
  private get environment(): Environment {
    return { XDG_STATE_HOME: path.join(this.directory, 'state') }
  }
}
