/**
 * The node image as it was made last, found in a millisecond: whoever brings labs up asks for it each time.
 *
 * @module
 */
import { existsSync, statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { systemCode } from '../errors.js'
import { imageFolder, nodeImage, type NodeImage } from './node-image.js'
import { programFiles } from './programs.js'

const Current = z.object({
  /** Size and time of each program, by which one that was built anew is known. */
  programs: z.string(),
  image: z.object({
    archive: z.string(),
    reference: z.string(),
    id: z.string(),
    labels: z.record(z.string(), z.string()),
  }),
})

/** @throws LabError as {@link nodeImage}. Newer packages of Debian are `nodeImage`'s to look for. */
export async function currentNodeImage(folder: string = imageFolder()): Promise<NodeImage> {
  const file = path.join(folder, 'current.json')
  const programs = await stamps()
  const known = await read(file)
  if (known?.programs === programs && existsSync(known.image.archive)) return known.image
  const image = await nodeImage(folder)
  await writeFile(file, JSON.stringify({ programs, image }))
  return image
}

async function stamps(): Promise<string> {
  const { bin, lib } = await programFiles()
  const stampOf = ([name, file]: readonly [string, string]) => {
    const stat = statSync(file, { throwIfNoEntry: false })
    return `${name} ${stat?.size ?? 0} ${stat?.mtimeMs ?? 0}`
  }
  return [...Object.entries(bin), ...Object.entries(lib)].map(stampOf).join('\n')
}

async function read(file: string): Promise<z.infer<typeof Current> | undefined> {
  try {
    return Current.safeParse(JSON.parse(await readFile(file, 'utf8'))).data
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}
