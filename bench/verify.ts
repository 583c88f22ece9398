/**
 * The main job as a person waits for it: the command from its start to its end.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { demoFile, root } from './demo.js'
import { whyNoLab, type Bench, type BenchContext, type Figure, type Skip } from './figure.js'

export const verifyBench: Bench = {
  name: 'verify',
  what: `\`ztos verify ${demoFile}\`, twin and lab`,
  run,
}

async function run({ runs, signal, say }: BenchContext): Promise<readonly (Figure | Skip)[]> {
  const name = `ztos verify ${demoFile}`
  const reason = whyNoLab()
  if (reason !== undefined) return [{ name, reason }]
  const values: number[] = []
  const exits = new Set<number>()
  const folder = await mkdtemp(path.join(tmpdir(), 'ztos-bench-'))
  try {
    for (let n = 1; n <= runs; n++) {
      say(`run ${n}`)
      const began = performance.now()
      const { exitCode } = await execa(path.join(root, 'ztos'), ['verify', demoFile, '--runs', folder], {
        cwd: root,
        reject: false,
        stdio: 'ignore',
        env: { XDG_STATE_HOME: folder },
        // In a group of its own, so that Ctrl-C reaches it once, as one signal, and it can take its lab down.
        detached: true,
        cancelSignal: signal,
        forceKillAfterDelay: 30_000,
      })
      signal.throwIfAborted()
      values.push((performance.now() - began) / 1000)
      exits.add(exitCode ?? -1)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  // A status other than 0 is told, since it changes what was done; it is not a bench's to judge.
  const detail = { 'exit status': [...exits].join(', ') }
  return [{ name, unit: 's', tier: 'command', runs: values, target: { atMost: 25 }, detail }]
}
