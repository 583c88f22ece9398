/**
 * The node image: what each node and host of a fabric is as a container. Made once for what goes into it, and kept.
 *
 * @example
 * ```ts
 * const { archive, reference } = await nodeImage()
 * await docker.loadImage(archive)
 * ```
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { packageRoot } from '../paths.js'
import { writeImage } from './archive.js'
import { type Entry, type Layer, readArchive, writeLayer } from './layer.js'
import { frrFolder, programEntries, programVersions } from './programs.js'
import { isLeftOut, LEFT_OUT, PACKAGES, RUN_CONFIG, SUITE, TIME } from './recipe.js'
import { candidates, makeRoot } from './root.js'

/** Counted up when the same inputs are to make another image. */
const RECIPE = 2

export interface NodeImage {
  /** For `docker load`. */
  readonly archive: string
  /** `ztos/node:<version>` */
  readonly reference: string
  /** `sha256:…` of its configuration: the same for the same packages and programs. */
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
}

const Said = z.object({
  reference: z.string(),
  id: z.string(),
  labels: z.record(z.string(), z.string()),
})

/** Where images are kept. */
export function imageFolder(): string {
  return path.join(packageRoot(), '.cache', 'image')
}

/**
 * Makes the image, or finds it made.
 *
 * @param folder where it is kept, and the Debian root with it; default `.cache/image/` of this package
 * @throws LabError `ZT_LAB_MISSING` for what is not built or installed, `ZT_LAB_COMMAND`
 */
export async function nodeImage(folder: string = imageFolder()): Promise<NodeImage> {
  const programs = await programEntries()
  const rootKey = digestOf([RECIPE, TIME, SUITE, PACKAGES, await candidates()])
  const version = await packageVersion()
  const key = digestOf([
    rootKey,
    version,
    RUN_CONFIG,
    LEFT_OUT.map(String),
    programs.map(({ name, mode, body }) => [name, mode, digestOf(body)]),
  ])
  const archive = path.join(folder, `node-${key}.tar`)
  const description = path.join(folder, `node-${key}.json`)
  if (existsSync(archive) && existsSync(description)) {
    return { archive, ...Said.parse(JSON.parse(await readFile(description, 'utf8'))) }
  }
  await mkdir(folder, { recursive: true })
  const work = await mkdtemp(path.join(folder, 'making-'))
  try {
    const debian = await debianEntries(folder, rootKey, work)
    const said = await write(path.join(work, 'image'), version, debian, programs, work)
    await writeFile(description, JSON.stringify(said))
    // Last, whole or not at all: others may be making the same.
    await rename(path.join(work, 'image'), archive)
    await removeOthers(folder, [path.basename(archive), path.basename(description), nameOfRoot(rootKey)])
    return { archive, ...said }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function write(
  file: string,
  version: string,
  debian: readonly Entry[],
  programs: readonly Entry[],
  work: string,
): Promise<z.infer<typeof Said>> {
  const layer = async (
    name: string,
    what: string,
    entries: readonly Entry[],
  ): Promise<Layer & { what: string }> => ({
    ...(await writeLayer(path.join(work, name), entries)),
    what,
  })
  const reference = `ztos/node:${version}`
  const labels = {
    'org.opencontainers.image.title': 'ztos/node',
    'org.opencontainers.image.description': 'A node or a host of a ZTOS Twin fabric',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.base.name': `debian:${SUITE}`,
    'org.opencontainers.image.licenses': 'Apache-2.0',
    ...(await programVersions(debian)),
  }
  const layers = [
    await layer('debian', `Debian ${SUITE}: ${PACKAGES.join(' ')}`, debian),
    await layer('programs', `ZTOS Twin ${version}`, [...programs, frrFolder(debian)]),
  ]
  return { reference, labels, id: await writeImage(file, { reference, labels, layers }) }
}

/** As mmdebstrap made it, kept for as long as the same packages would be taken. */
async function debianEntries(folder: string, key: string, work: string): Promise<readonly Entry[]> {
  const kept = path.join(folder, nameOfRoot(key))
  if (!existsSync(kept)) {
    const made = path.join(work, 'root.tar')
    await makeRoot(made)
    await rename(made, kept)
  }
  return readArchive(kept, isLeftOut)
}

function nameOfRoot(key: string): string {
  return `debian-${key}.tar`
}

/** Each is a quarter of a GB, and each build of the engine makes another. Who reads one goes on reading it. */
async function removeOthers(folder: string, kept: readonly string[]): Promise<void> {
  const others = (await readdir(folder)).filter(
    (name) => /^(node|debian)-.*\.(tar|json)$/.test(name) && !kept.includes(name),
  )
  for (const name of others) await rm(path.join(folder, name), { force: true })
}

/** The name of the image, which need not be made for it. */
export async function nodeImageReference(): Promise<string> {
  return `ztos/node:${await packageVersion()}`
}

async function packageVersion(): Promise<string> {
  const manifest = await readFile(path.join(packageRoot(), 'package.json'), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version
}

function digestOf(what: unknown): string {
  const octets = Buffer.isBuffer(what) ? what : (JSON.stringify(what) ?? '')
  return createHash('sha256').update(octets).digest('hex').slice(0, 16)
}
