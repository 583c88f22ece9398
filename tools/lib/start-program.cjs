/**
 * Starts a program of its folder (`node start.cjs NAME [ARGUMENT]...`) from what V8 has made of it when it was built: compiling takes agents
 * a fifth of what they need until they serve. `node start.cjs --compile NAME` makes that; it holds for the same V8 with the same flags, and for the
 * same text, by which it is named. V8 refuses what is not made for it, and compiles as ever.
 */
'use strict'
const { readFileSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const { setFlagsFromString } = require('node:v8')
const { Script } = require('node:vm')
const { crc32 } = require('node:zlib')

/** @param {string} name */
function programOf(name) {
  const file = path.join(__dirname, `${name}.cjs`)
  const octets = readFileSync(file)
  const text = `(function (exports, require, module, __filename, __dirname) {${octets.toString('utf8')}\n})`
  // V8 itself looks at its length. SHA-256 would not be dear, but loading node:crypto is: a tenth of labd's start.
  const sum = crc32(octets).toString(16).padStart(8, '0')
  return { file, text, cache: path.join(__dirname, `${name}.${sum}.cache`) }
}

/** @param {string} file */
function readOrNone(file) {
  try {
    return readFileSync(file)
  } catch {
    // It is not there: V8 compiles.
    return undefined
  }
}

/** All functions, whether or not they run at first. @param {string} name */
function compile(name) {
  const { file, text, cache } = programOf(name)
  setFlagsFromString('--no-lazy')
  const script = new Script(text, { filename: file })
  // Flags are part of what it holds for.
  setFlagsFromString('--lazy')
  writeFileSync(cache, script.createCachedData())
}

/** @param {string} name @param {readonly string[]} argv */
function start(name, argv) {
  const { file, text, cache } = programOf(name)
  const cachedData = readOrNone(cache)
  const script = new Script(text, { filename: file, ...(cachedData === undefined ? {} : { cachedData }) })
  process.argv = [process.execPath, file, ...argv]
  const run = /** @type {(...given: unknown[]) => void} */ (script.runInThisContext())
  run({}, require, module, file, __dirname)
}

if (require.main === module) {
  const [, , first = '', ...rest] = process.argv
  if (first === '--compile') compile(rest[0] ?? '')
  else start(first, rest)
}

module.exports = { programOf }
