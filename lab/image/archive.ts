/**
 * Docker's image archive, as `docker save` writes and `docker load` reads it: `manifest.json`, the configuration, whose digest is the image's, and
 * the layers (Docker Image Specification 1.2).
 *
 * `docker import` would do with a bare root, but puts the time of day into the configuration, so that no two images are the same.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { type Header, pack, type Pack } from 'tar-stream'
import type { Layer } from './layer.js'
import { RUN_CONFIG, TIME } from './recipe.js'

export interface ImageContent {
  /** `name:tag` */
  readonly reference: string
  readonly labels: Readonly<Record<string, string>>
  /** From below, each with what it is. */
  readonly layers: readonly (Layer & { readonly what: string })[]
}

/** Of Go, as Docker has it. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** @returns the digest of the image, `sha256:…` */
export async function writeImage(file: string, { reference, labels, layers }: ImageContent): Promise<string> {
  const created = new Date(TIME * 1000).toISOString().replace('.000Z', 'Z')
  const config = JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    created,
    config: { ...RUN_CONFIG, Labels: inOrder(labels) },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
    history: layers.map(({ what }) => ({ created, created_by: what })),
  })
  const digest = createHash('sha256').update(config).digest('hex')
  const nameOf = (layer: Layer) => `${layer.digest}/layer.tar`
  const manifest = [{ Config: `${digest}.json`, RepoTags: [reference], Layers: layers.map(nameOf) }]

  const archive = pack()
  const written = pipeline(archive, createWriteStream(file))
  archive.entry(header('manifest.json'), JSON.stringify(manifest))
  archive.entry(header(`${digest}.json`), config)
  for (const layer of layers) await addFile(archive, nameOf(layer), layer.file)
  archive.finalize()
  await written
  return `sha256:${digest}`
}

async function addFile(archive: Pack, name: string, file: string): Promise<void> {
  await pipeline(createReadStream(file), archive.entry({ ...header(name), size: statSync(file).size }))
}

function header(name: string): Partial<Header> & { name: string } {
  return { name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(TIME * 1000) }
}

function inOrder(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}
