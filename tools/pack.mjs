#!/usr/bin/env node
/**
 * Makes the npm package in `build/`, with engine, probe and BPF objects of this platform inside, and prints its name
 * as the last line. Expects `make build` to have run.
 *
 * @module
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { $ } from 'zx'
import { root } from './lib/files.mjs'

const from = path.join(root, 'dataplane/build')
const to = path.join(root, 'dist/bin', `${process.platform}-${process.arch}`)
const shipped = [
  'ztos-fpe',
  'ztos-probe',
  'ztos-wire',
  'ztos-netns',
  ...readdirSync(from).filter((name) => name.endsWith('.bpf.o')),
]
const missing = ['dist/cli/main.js', 'dist/sdk/index.js', 'dist/sdk/vitest.js', 'schema/fabric-1.json']
  .concat(shipped.map((name) => `dataplane/build/${name}`))
  .filter((file) => !existsSync(path.join(root, file)))
if (missing.length > 0) {
  console.error(`pack: not built: ${missing.join(', ')}; run 'make build'`)
  process.exit(1)
}

const run = $({ cwd: root, quiet: true, stdio: ['ignore', 'pipe', 'inherit'] })
rmSync(path.join(root, 'dist/bin'), { recursive: true, force: true })
mkdirSync(to, { recursive: true })
for (const name of shipped) {
  const file = path.join(to, name)
  cpSync(path.join(from, name), file)
  // A BPF object keeps its BTF; --strip-debug takes DWARF alone.
  await (name.endsWith('.bpf.o') ? run`llvm-strip --strip-debug ${file}` : run`strip --strip-debug ${file}`)
}
mkdirSync(path.join(root, 'build'), { recursive: true })
const packed = await run`npm pack --silent --ignore-scripts --pack-destination build`
console.log(`build/${packed.stdout.trim()}`)
