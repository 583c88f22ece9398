import { createHash } from 'node:crypto'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeImage } from './archive.js'
import { type Entry, readArchive, writeLayer } from './layer.js'
import { isLeftOut } from './recipe.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'zt-layer-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const capability = { 'SCHILY.xattr.security.capability': 'cap' }
const entries: readonly Entry[] = [
  { name: 'usr/', type: 'directory', mode: 0o755, uid: 0, gid: 0 },
  { name: 'usr/bin/', type: 'directory', mode: 0o755, uid: 0, gid: 0 },
  {
    name: 'usr/bin/a',
    type: 'file',
    mode: 0o755,
    uid: 0,
    gid: 7,
    pax: capability,
    body: Buffer.from('text'),
  },
  { name: 'usr/bin/b', type: 'link', mode: 0o755, uid: 0, gid: 7, linkname: 'usr/bin/a' },
  { name: 'usr/bin/c', type: 'symlink', mode: 0o777, uid: 0, gid: 0, linkname: '../bin/a' },
]

test('the same entries make the same octets, in whatever order they come', async () => {
  const one = await writeLayer(path.join(folder, 'one'), entries)
  const other = await writeLayer(path.join(folder, 'other'), entries.toReversed())
  expect(other.digest).toBe(one.digest)
  expect(readFileSync(other.file)).toEqual(readFileSync(one.file))
  expect(one.digest).toBe(createHash('sha256').update(readFileSync(one.file)).digest('hex'))
  const changed = await writeLayer(path.join(folder, 'changed'), [{ ...entries[2]!, mode: 0o700 }])
  expect(changed.digest).not.toBe((await writeLayer(path.join(folder, 'as it was'), [entries[2]!])).digest)
})

test('what is written is read again', async () => {
  const { file } = await writeLayer(path.join(folder, 'layer'), entries)
  expect(await readArchive(file, () => false)).toEqual(entries)
})

test('when and by whom an archive was made does not show', async () => {
  const archive = pack()
  const file = path.join(folder, 'made')
  const written = pipeline(archive, createWriteStream(file))
  archive.entry({ name: './', type: 'directory' })
  archive.entry({ name: './dev/null', type: 'character-device', devmajor: 1, devminor: 3 })
  archive.entry({ name: './usr/a', mode: 0o644, uname: 'me', gname: 'us', mtime: new Date(5e11) }, 'text')
  archive.finalize()
  await written
  const read = await readArchive(file, () => false)
  expect(read).toEqual([
    { name: 'usr/a', type: 'file', mode: 0o644, uid: 0, gid: 0, body: Buffer.from('text') },
  ])
  const layer = readFileSync((await writeLayer(path.join(folder, 'layer'), read)).file, 'latin1')
  expect(layer).not.toContain('me\0')
  // 2020-01-01T00:00:00Z in octal.
  expect(layer).toContain('13602760400')
})

test('a hard link whose file is left out is no layer', async () => {
  const { file } = await writeLayer(path.join(folder, 'layer'), entries)
  await expect(readArchive(file, (name) => name === 'usr/bin/a')).rejects.toThrow(
    'usr/bin/b is a link to usr/bin/a, which is left out',
  )
})

test('an image is named by what is in it', async () => {
  const layer = { ...(await writeLayer(path.join(folder, 'layer'), entries)), what: 'all' }
  const content = { reference: 'ztos/test:1', labels: { b: '2', a: '1' }, layers: [layer] }
  const one = await writeImage(path.join(folder, 'one'), content)
  const other = await writeImage(path.join(folder, 'other'), { ...content, labels: { a: '1', b: '2' } })
  expect(other).toBe(one)
  expect(readFileSync(path.join(folder, 'other'))).toEqual(readFileSync(path.join(folder, 'one')))
  const files = await readArchive(path.join(folder, 'one'), () => false)
  const config = files.find(({ name }) => name === `${one.replace('sha256:', '')}.json`)?.body
  expect(`sha256:${createHash('sha256').update(config!).digest('hex')}`).toBe(one)
  expect(JSON.parse(config!.toString())).toMatchObject({
    created: '2020-01-01T00:00:00Z',
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer.digest}`] },
    config: { Entrypoint: ['/usr/local/bin/ztos-node'], Labels: { a: '1', b: '2' } },
  })
})

test.each([
  ['etc/hostname', true],
  ['etc/resolv.conf', true],
  ['etc/apt/', true],
  ['etc/passwd', false],
  ['dev/', false],
  ['dev/null', true],
  ['var/log/', false],
  ['var/log/apt/history.log', true],
  ['var/lib/dpkg/status', false],
  ['var/lib/dpkg/status-old', true],
  ['usr/share/doc/frr/copyright', false],
  ['usr/share/doc/frr/', false],
  ['usr/share/doc/frr/changelog.Debian.gz', true],
  ['usr/lib/frr/zebra', false],
  ['usr/lib/frr/ospfd', true],
  ['usr/lib/x86_64-linux-gnu/libc.so.6', false],
  ['usr/lib/x86_64-linux-gnu/libperl.so.5.36', true],
])('of the Debian root, %s is left out: %s', (name, left) => {
  expect(isLeftOut(name)).toBe(left)
})
