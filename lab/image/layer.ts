/**
 * Layers of an image: tar archives whose octets depend on what is in them alone: entries in order of their names, one time for all, numbers for owners.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { extract, type Header, pack } from 'tar-stream'
import { z } from 'zod'
import { LabError } from '../errors.js'
import { TIME } from './recipe.js'

const Octets = z.instanceof(Uint8Array)
const Records = z.record(z.string(), z.string())

export interface Entry {
  /** Without a leading slash; a folder's ends in one. */
  readonly name: string
  readonly type: 'file' | 'link' | 'symlink' | 'directory'
  /** Permissions. */
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
  /** Of links. */
  readonly linkname?: string
  /** Records of pax: capabilities of files are there. */
  readonly pax?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

export interface Layer {
  readonly file: string
  /** SHA-256 of the archive, in hexadecimal: what Docker calls its DiffID. */
  readonly digest: string
}

/**
 * Reads an archive as mmdebstrap writes them.
 *
 * @param isLeftOut by name
 * @throws LabError `ZT_LAB_FORMAT` where a hard link is kept whose file is not
 */
export async function readArchive(file: string, isLeftOut: (name: string) => boolean): Promise<Entry[]> {
  const entries: Entry[] = []
  const archive = extract()
  const reading = pipeline(createReadStream(file), archive)
  for await (const entry of archive) {
    const parts: Uint8Array[] = []
    for await (const part of entry) parts.push(Octets.parse(part))
    const read = entryOf(entry.header, Buffer.concat(parts))
    if (read !== undefined && !isLeftOut(read.name)) entries.push(read)
  }
  await reading
  const names = new Set(entries.map(({ name }) => name))
  const lost = entries.find(({ type, linkname }) => type === 'link' && !names.has(linkname ?? ''))
  if (lost !== undefined) {
    throw new LabError('ZT_LAB_FORMAT', `${lost.name} is a link to ${lost.linkname ?? ''}, which is left out`)
  }
  return entries
}

/** Devices are not read: Docker makes its own. */
function entryOf({ name, type, mode, uid, gid, linkname, pax }: Header, body: Buffer): Entry | undefined {
  if (type !== 'file' && type !== 'link' && type !== 'symlink' && type !== 'directory') return undefined
  const whole = bare(name)
  if (whole === '') return undefined
  const records = Object.entries(Records.parse(pax ?? {})).filter(([record]) =>
    record.startsWith('SCHILY.xattr.'),
  )
  return {
    name: type === 'directory' && !whole.endsWith('/') ? `${whole}/` : whole,
    type,
    mode,
    uid,
    gid,
    ...(type === 'link' ? { linkname: bare(linkname) } : {}),
    ...(type === 'symlink' ? { linkname } : {}),
    ...(records.length === 0 ? {} : { pax: Object.fromEntries(records) }),
    ...(type === 'file' ? { body } : {}),
  }
}

function bare(name: string): string {
  return name.replace(/^\.?\//, '')
}

/** Writes entries as a layer. */
export async function writeLayer(file: string, entries: readonly Entry[]): Promise<Layer> {
  const archive = pack()
  const written = pipeline(archive, createWriteStream(file))
  for (const entry of [...entries].sort(byName)) archive.entry(headerOf(entry), entry.body ?? Buffer.alloc(0))
  archive.finalize()
  await written
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return { file, digest: hash.digest('hex') }
}

/** By octets, not as a language has it: a folder before what is in it. */
function byName(a: Entry, b: Entry): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))
}

function headerOf({
  name,
  type,
  mode,
  uid = 0,
  gid = 0,
  linkname,
  pax,
  body,
}: Entry): Partial<Header> & { name: string } {
  return {
    name,
    type,
    mode,
    uid,
    gid,
    mtime: new Date(TIME * 1000),
    size: body?.length ?? 0,
    ...(linkname === undefined ? {} : { linkname }),
    ...(pax === undefined ? {} : { pax }),
  }
}
