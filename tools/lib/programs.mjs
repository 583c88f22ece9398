/**
 * The two programs that every lab starts, each made one file with all that it imports and compiled: a lab waits for them, and loading the
 * same modules file by file takes two to three times as long.
 *
 * @module
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { rolldown } from 'rolldown'
import { $ } from 'zx'
import { root } from './files.mjs'

/** Program by the module that it begins with, both in `dist/`. */
const PROGRAMS = { labd: 'lab/labd/main.js', agents: 'agent/main.js' }

/**
 * Makes them of what was compiled, and `programs/LICENSES.txt`, the licences of the packages within.
 *
 * @param {string} dist
 */
export async function bundlePrograms(dist) {
  const folder = path.join(dist, 'programs')
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (name.endsWith('.cache')) rmSync(path.join(folder, name))
  const start = path.join(folder, 'start.cjs')
  cpSync(path.join(root, 'tools/lib/start-program.cjs'), start)
  const { PROGRAM_FLAGS } = /** @type {{ PROGRAM_FLAGS: readonly string[] }} */ (
    await import(path.join(dist, 'lab/programs.js'))
  )
  /** @type {Map<string, string>} */
  const licences = new Map()
  for (const [program, entry] of Object.entries(PROGRAMS)) {
    const bundle = await rolldown({
      input: path.join(dist, entry),
      platform: 'node',
      external: /^node:/,
      // A module that is not found would be looked for beside the program, where it is not.
      onLog: (_level, { message }) => {
        throw new Error(`build: ${program}: ${message}`)
      },
    })
    const { output } = await bundle.generate({ format: 'cjs', codeSplitting: false })
    await bundle.close()
    const code = output.flatMap((part) => (part.type === 'chunk' ? [part.code] : [])).join('\n')
    // It is started from within another, where the first line of a script is none.
    writeFileSync(path.join(folder, `${program}.cjs`), code.replace(/^#!/, '//'))
    await $({ quiet: true })`${process.execPath} ${PROGRAM_FLAGS} ${start} --compile ${program}`
    for (const module of output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []))) {
      const home = packageOf(module)
      if (home !== undefined) licences.set(...licenceOf(home))
    }
  }
  const texts = [...licences]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => `${name}\n\n${text}\n`)
  writeFileSync(path.join(folder, 'LICENSES.txt'), texts.join('\n\n'))
}

/**
 * The folder of a module's package, `undefined` for one of our own.
 *
 * @param {string} module
 * @returns {string | undefined}
 */
function packageOf(module) {
  const folder = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(module)?.[1]
  return folder !== undefined && existsSync(folder) ? folder : undefined
}

/**
 * A package's name, version and licence, and the text of that.
 *
 * @param {string} folder
 * @returns {[string, string]}
 */
function licenceOf(folder) {
  const { name, version, license } = /** @type {{ name: string, version: string, license: string }} */ (
    JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  )
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one))
  const text = file === undefined ? '' : readFileSync(path.join(folder, file), 'utf8').trim()
  return [`${name} ${version} (${license})`, text]
}
