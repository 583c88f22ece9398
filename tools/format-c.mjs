#!/usr/bin/env node
/**
 * Lays out C files as `.clang-format` says; `--check` only names those that differ. Generated headers are left alone.
 *
 * @module
 */
import { $ } from 'zx'
import { repositoryFiles, root } from './lib/files.mjs'

const files = repositoryFiles().filter(
  (file) => /^dataplane\/.*\.[ch]$/.test(file) && !file.startsWith('dataplane/include/ztos/gen/'),
)
const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i']
if (files.length > 0) {
  const run = $({ cwd: root, nothrow: true, quiet: true, stdio: ['ignore', 'inherit', 'pipe'] })
  const { exitCode, stderr } = await run`clang-format ${mode} ${files}`
  if (exitCode !== 0) {
    const named = [...stderr.matchAll(/^(\S+?):\d+:\d+: error/gm)].map((match) => match[1])
    console.error(named.length > 0 ? [...new Set(named)].join('\n') : stderr)
    process.exitCode = 1
  }
}
