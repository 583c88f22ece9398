#!/usr/bin/env node
/**
 * Compiles the product to `dist/`, makes the programs of a lab one file each, puts the JSON Schemas where a package has them,
 * and removes output whose source is gone: a stale file could be imported, and would be shipped.
 *
 * @module
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { $ } from 'zx'
import { root } from './lib/files.mjs'
import { bundlePrograms } from './lib/programs.mjs'

const made = /\.(d\.ts|js|js\.map)$/
const dist = path.join(root, 'dist')
if (!existsSync(dist)) rmSync(path.join(root, '.cache/tsc/build.tsbuildinfo'), { force: true })

for (const entry of existsSync(dist) ? readdirSync(dist, { recursive: true, encoding: 'utf8' }) : []) {
  // Programs are made anew each time, in place: a lab may be starting.
  if (!made.test(entry) || entry.startsWith('programs/')) continue
  const source = entry.replace(made, '.ts')
  if (!existsSync(path.join(root, source))) rmSync(path.join(dist, entry))
}

const compiled = await $({
  cwd: root,
  nothrow: true,
  stdio: ['ignore', 'inherit', 'inherit'],
})`node_modules/.bin/tsc -p tsconfig.build.json`
if (compiled.exitCode !== 0) {
  console.error('build: TypeScript does not compile, see above')
  process.exit(1)
}

await bundlePrograms(dist)

rmSync(path.join(root, 'schema'), { recursive: true, force: true })
mkdirSync(path.join(root, 'schema'))
cpSync(path.join(root, 'contract/schema'), path.join(root, 'schema'), { recursive: true })

const main = path.join(dist, 'cli/main.js')
if (existsSync(main)) chmodSync(main, 0o755)
