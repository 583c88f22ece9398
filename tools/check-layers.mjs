#!/usr/bin/env node
/**
 * Holds every import and include to tools/layers.json. Exit status 1 and a line for each violation.
 *
 * @module
 */
import { repositoryFiles, root } from './lib/files.mjs'
import { checkLayers, readRules } from './lib/layers.mjs'

// Sample trees of tests hold wrong imports on purpose.
const files = repositoryFiles().filter((file) => !file.includes('/fixtures/'))
const violations = checkLayers(root, files, readRules())
for (const { file, line, message } of violations) console.error(`${file}:${line}: ${message}`)
if (violations.length > 0) {
  console.error(`${violations.length} violations of tools/layers.json`)
  process.exitCode = 1
} else {
  console.log(`${files.length} files keep the layers`)
}
