/**
 * The node image made twice, in two folders, from packages to archive: the same octets.
 */
import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeImage } from '../../lab/image/node-image.js'
import { needsRoot } from './support/host.js'

let folder: string
beforeEach(needsRoot)
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'zt-image-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

test('the same packages and programs make the same image, and once made it is found', async () => {
  const kept = await nodeImage()
  const anew = await nodeImage(folder)
  expect(anew).toEqual({ ...kept, archive: path.join(folder, path.basename(kept.archive)) })
  expect(await digest(anew.archive)).toBe(await digest(kept.archive))
  const made = statSync(anew.archive)
  expect(await nodeImage(folder)).toEqual(anew)
  expect(statSync(anew.archive)).toEqual(made)
}, 600_000)
