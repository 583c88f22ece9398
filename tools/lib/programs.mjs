/**
 * The two programs that every lab starts, each made one file with all that it imports: a lab waits for them, and loading the same
 * modules file by file takes two to three times as long.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { rolldown } from 'rolldown'

/** Program by the module that it begins with, both in `dist/`. */
const PROGRAMS = {
  'programs/labd.js': 'lab/labd/main.js',
  'programs/agents.js': 'agent/main.js',
}

/**
 * Makes them of what was compiled, and `programs/LICENSES.txt`, the licences of the packages within.
 *
 * @param {string} dist
 */
export async function bundlePrograms(dist) {
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
    const { output } = await bundle.write({
      file: path.join(dist, program),
      format: 'esm',
      codeSplitting: false,
    })
    await bundle.close()
    for (const module of output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []))) {
      const folder = packageOf(module)
      if (folder !== undefined) licences.set(...licenceOf(folder))
    }
  }
  const texts = [...licences]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => `${name}\n\n${text}\n`)
  writeFileSync(path.join(dist, 'programs/LICENSES.txt'), texts.join('\n\n'))
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
