#!/usr/bin/env node
/**
 * What no other check sees: ways round a check, loose pins, packages without reason, a lock file that names a host.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { repositoryFiles, root } from './lib/files.mjs'
import { bendings, loosePins, lockedHosts, unexplainedPackages } from './lib/text.mjs'

/** @param {string} file */
const read = (file) => readFileSync(path.join(root, file), 'utf8')

const code = /\.(ts|mts|mjs|js|c|h|sh|json|yaml|yml)$|(^|\/)(Makefile|ztos|setup|bare)$/
const violations = [
  ...repositoryFiles()
    .filter((file) => code.test(file) && !file.startsWith('tools/lib/text.'))
    .flatMap((file) => bendings(read(file)).map((violation) => `${file}:${violation}`)),
  ...loosePins(read('package.json')).map((violation) => `package.json: ${violation}`),
  ...lockedHosts(read('package-lock.json')).map((violation) => `package-lock.json: ${violation}`),
  ...unexplainedPackages(read('tools/packages.txt')).map((violation) => `tools/packages.txt:${violation}`),
]
for (const violation of violations) console.error(violation)
if (violations.length > 0) process.exitCode = 1
