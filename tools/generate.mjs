#!/usr/bin/env node
/**
 * Makes what follows from `contract/`: JSON Schemas in `contract/schema/`, C headers in
 * `dataplane/include/ztos/gen/`. `--check` writes nothing and exits 1 if a file differs from what it would write, or
 * lies there and is made from nothing.
 *
 * Reads the compiled contract, so `make generate` builds first.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './lib/files.mjs'
import { headers } from './lib/headers.mjs'
import { schemas } from './lib/schemas.mjs'

const folders = ['contract/schema', 'dataplane/include/ztos/gen']
const check = process.argv.includes('--check')

/** @type {ReadonlyMap<string, string>} file to text */
const wanted = new Map([...schemas(), ...headers()])

const present = folders.flatMap((folder) =>
  existsSync(path.join(root, folder))
    ? readdirSync(path.join(root, folder)).map((name) => path.posix.join(folder, name))
    : [],
)
const stale = present.filter((file) => !wanted.has(file))
const differing = [...wanted.entries()].filter(([file, text]) => {
  const at = path.join(root, file)
  return !existsSync(at) || readFileSync(at, 'utf8') !== text
})

if (check) {
  for (const [file] of differing)
    console.error(`${file}: differs from what contract/ says; run 'make generate'`)
  for (const file of stale) console.error(`${file}: made from nothing; run 'make generate'`)
  if (differing.length + stale.length > 0) process.exitCode = 1
  else console.log(`${wanted.size} generated files are up to date`)
} else {
  for (const [file, text] of differing) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true })
    writeFileSync(path.join(root, file), text)
    console.log(`wrote ${file}`)
  }
  for (const file of stale) {
    rmSync(path.join(root, file))
    console.log(`removed ${file}`)
  }
}
