/**
 * An initramfs (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst): a cpio archive of the "newc" kind.
 *
 * @module
 */

const FOLDER = 0o40755
const FILE = 0o100000
const TRAILER = 'TRAILER!!!'

/**
 * Names in order, owned by root, without times: the same files give the same octets.
 *
 * @param {readonly string[]} folders besides those that files are in
 * @param {ReadonlyMap<string, { readonly mode: number, readonly data: Buffer }>} files by name, without a leading slash
 */
export function cpioArchive(folders, files) {
  const all = new Set([...folders, ...[...files.keys()].flatMap(parents)])
  const entries = [
    ...[...all].sort().map((name) => ({ name, mode: FOLDER, data: Buffer.alloc(0) })),
    ...[...files]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { mode, data }]) => ({ name, mode: FILE | mode, data })),
    { name: TRAILER, mode: 0, data: Buffer.alloc(0) },
  ]
  return Buffer.concat(entries.flatMap((entry, index) => entryOctets(entry, index + 1)))
}

/** Folders above a file, outermost first. @param {string} name */
function parents(name) {
  const parts = name.split('/').slice(0, -1)
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'))
}

/**
 * @param {{ name: string, mode: number, data: Buffer }} entry
 * @param {number} inode
 */
function entryOctets({ name, mode, data }, inode) {
  const nameSize = Buffer.byteLength(name) + 1
  // Inode, mode, uid, gid, links, time, size, device and special device (major, minor each), size of the name, check.
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, nameSize, 0]
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`
  return [Buffer.from(head), padding(head.length), data, padding(data.length)]
}

/** @param {number} length */
const padding = (length) => Buffer.alloc((4 - (length % 4)) % 4)
