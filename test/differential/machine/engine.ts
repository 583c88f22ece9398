/**
 * The engine as the other judge: `ztos-fpe replay` on journals.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bytesEqual, toHex } from '../../../twin/packet/index.js'
import { differentRows } from './tables.js'
import type { TwinRun } from './cases.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** Relative to the repository; `ZT_FPE` names another build of it. */
const ENGINE = process.env['ZT_FPE'] ?? 'dataplane/build/ztos-fpe'

/** How the engine is run. */
export interface EngineMode {
  readonly cache: 'on' | 'off'
  readonly vector: number
  /** How it does ChaCha20-Poly1305; absent: the best way there is. */
  readonly aead?: string
}

/** Ways of ChaCha20-Poly1305 that this processor can, by what the kernel calls its features. */
const AEADS: readonly string[] = [
  'libipsec-mb',
  ...(hasFeature('avx2') ? ['avx2'] : []),
  ...(hasFeature('avx512ifma') ? ['avx512-ifma'] : []),
]

/** With and without flow cache, one by one, in vectors of odd length, and of full length; by turns in each way of sealing. */
export const MODES: readonly EngineMode[] = (['off', 'on'] as const).flatMap((cache, i) =>
  [1, 7, 64].map((vector, k) => ({ cache, vector, aead: AEADS[(i + k) % AEADS.length] ?? 'libipsec-mb' })),
)

function hasFeature(name: string): boolean {
  const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? ''
  return line.split(' ').includes(name)
}

/** Why the engine's journal is not the twin's, or its tables are not. */
export interface EngineFailure {
  readonly mode: EngineMode
  /** What the engine wrote; absent when it wrote none. */
  readonly journal: Uint8Array | undefined
  /** Its exit status, or the signal that ended it. */
  readonly status: string
  readonly stderr: string
  /** Rows of tables that only one of the two has, in words. */
  readonly tables: readonly string[]
}

/** A folder with a journal and its keys, and the engine to run on them. */
export class EngineBench {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'ztos-differential-'))
  /** A copy: a build that goes on meanwhile does not change the judge. */
  private readonly engine = path.join(this.folder, 'ztos-fpe')

  constructor() {
    const built = path.resolve(ROOT, ENGINE)
    if (!existsSync(built)) {
      this.remove()
      throw new Error(`${ENGINE} is not built: run 'make build' first; nothing was compared`)
    }
    copyFileSync(built, this.engine)
  }

  get journalFile(): string {
    return path.join(this.folder, 'in.ztj')
  }
  get keyFile(): string {
    return path.join(this.folder, 'keys.json')
  }

  /** What the engine makes of a journal in a mode; `undefined` when it is the same, octet by octet, and the tables are, if there are any. */
  run(
    { journal, tables }: Pick<TwinRun, 'journal'> & Partial<TwinRun>,
    keys: ReadonlyMap<string, Uint8Array>,
    mode: EngineMode,
  ): EngineFailure | undefined {
    writeFileSync(this.journalFile, journal)
    writeFileSync(this.keyFile, keysText(keys), { mode: 0o600 })
    const out = path.join(this.folder, 'out.ztj')
    const tablesOut = path.join(this.folder, 'tables.json')
    for (const file of [out, tablesOut]) rmSync(file, { force: true })
    const done = spawnSync(this.engine, [...this.command(mode), '--out', out, '--tables', tablesOut], {
      encoding: 'utf8',
      timeout: 120_000,
    })
    if (done.error !== undefined) throw done.error
    const written = existsSync(out) ? new Uint8Array(readFileSync(out)) : undefined
    const status = done.signal ?? String(done.status)
    // It says that outputs differ by status 1; either that or other octets alone would be a fault of its own.
    const same = status === '0' && written !== undefined && bytesEqual(written, journal)
    const rows =
      same && tables !== undefined ? differentRows(tables, JSON.parse(readFileSync(tablesOut, 'utf8'))) : []
    if (same && rows.length === 0) return undefined
    return { mode, journal: written, status, stderr: done.stderr, tables: rows }
  }

  private command({ cache, vector, aead }: EngineMode): string[] {
    return [
      'replay',
      '--journal',
      this.journalFile,
      '--keys',
      this.keyFile,
      '--cache',
      cache,
      '--vector',
      String(vector),
      ...(aead === undefined ? [] : ['--aead', aead]),
    ]
  }

  /** The line that shows a mismatch again. */
  commandLine(mode: EngineMode): string {
    return [ENGINE, ...this.command(mode)].join(' ')
  }

  /** Removes the folder. Keep it when there is something to look at. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The key file format of docs/layout.md. */
function keysText(keys: ReadonlyMap<string, Uint8Array>): string {
  return JSON.stringify(Object.fromEntries([...keys].map(([reference, key]) => [reference, toHex(key)])))
}
