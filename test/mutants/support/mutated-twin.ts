/**
 * Copies of the compiled twin in which one thing is wrong, loaded beside the right one in this process.
 *
 * The files that do not change are hard links: a copy costs a few milliseconds, and modules are told apart by their path.
 *
 * @module
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as fabricControl from '../../../twin/fabric-control.js'
import type * as forward from '../../../twin/forward/index.js'
import type * as packet from '../../../twin/packet/index.js'
import type * as target from '../../../twin/target.js'
import type { SourceMutant } from '../source/index.js'
import { COPIES, RIGHT } from './compile-twin.js'

/** The parts of a twin that tests run. */
export interface TwinModules {
  readonly forward: typeof forward
  readonly target: typeof target
  readonly packet: typeof packet
}

export type ControlModules = typeof forward & typeof fabricControl

/** Loads the twin with a fault in it. @throws when an edit's text is not there exactly once */
export async function loadMutated(mutant: SourceMutant): Promise<TwinModules> {
  const folder = mutatedCopy(mutant)
  return {
    forward: await load<typeof forward>(path.join(folder, 'twin/forward/index.js')),
    target: await load<typeof target>(path.join(folder, 'twin/target.js')),
    packet: await load<typeof packet>(path.join(folder, 'twin/packet/index.js')),
  }
}

/** Loads its machine alone. @throws as {@link loadMutated} */
export async function loadMutatedMachine(mutant: SourceMutant): Promise<typeof forward> {
  return load<typeof forward>(path.join(mutatedCopy(mutant), 'twin/forward/index.js'))
}

/** Loads what simulates the control plane of a fabric, and the fabric, with a fault. @throws as {@link loadMutated} */
export async function loadMutatedControl(mutant: SourceMutant): Promise<ControlModules> {
  const folder = mutatedCopy(mutant)
  return {
    ...(await load<typeof forward>(path.join(folder, 'twin/forward/index.js'))),
    ...(await load<typeof fabricControl>(path.join(folder, 'twin/fabric-control.js'))),
  }
}

/**
 * Makes a copy with a fault in it: `twin/`, `agent/`, `sdk/judge/`, `lab/` and what they need, compiled.
 *
 * @returns its folder
 * @throws when an edit's text is not there exactly once
 */
export function mutatedCopy(mutant: SourceMutant): string {
  const folder = path.join(COPIES, `${process.pid}`, mutant.id)
  rmSync(folder, { recursive: true, force: true })
  linkTree(RIGHT, folder)
  for (const [file, text] of mutatedFiles(mutant)) {
    const name = path.join(folder, file)
    // The link leads to the right file: it is taken away, not written to.
    unlinkSync(name)
    writeFileSync(name, text)
  }
  return folder
}

/** The changed files of a mutant by name, with all edits done. */
function mutatedFiles({ id, edits }: SourceMutant): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const { file, find, replace } of edits) {
    const name = /^(agent|sdk|lab)\//.test(file) ? file : path.join('twin', file)
    const text = files.get(name) ?? readFileSync(path.join(RIGHT, name), 'utf8')
    const count = text.split(find).length - 1
    if (count !== 1)
      throw new Error(`mutant ${id}: its text is ${count} times in ${name}, not once:\n${find}`)
    files.set(
      name,
      text.replace(find, () => replace),
    )
  }
  return files
}

function linkTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, copy] = [path.join(from, entry.name), path.join(to, entry.name)]
    if (entry.isDirectory()) linkTree(source, copy)
    else if (entry.name.endsWith('.js')) linkSync(source, copy)
  }
}

async function load<T>(file: string): Promise<T> {
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as T
}
