#!/usr/bin/env node
/**
 * Makes what the reference VM boots: `image.mjs UNPACKED OUT` reads packages that were unpacked into one folder, and programs of this
 * machine, and writes `OUT/kernel`, `OUT/initramfs` and `OUT/image.json`. The same input gives the same octets.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { cpioArchive } from './cpio.mjs'

/** What the guest is there for, and what it needs to be reached; modules that these depend on come by themselves. */
const MODULES = [
  'virtio_pci',
  'virtio_console',
  'virtio_net',
  // What macsec asks the crypto API for by name: gcm(aes).
  'gcm',
  'ghash_generic',
  'aesni_intel',
  'macsec',
  'wireguard',
  'vxlan',
  'geneve',
  'vrf',
  'veth',
  'dummy',
  'bridge',
  'macvlan',
  'sch_netem',
  'sch_fq',
]
const HOST_PROGRAMS = ['ip', 'bridge', 'tc', 'ethtool', 'ping', 'tcpdump', 'wg', 'nsenter']
const FOLDERS = ['dev', 'etc', 'proc', 'root', 'run', 'sys', 'tmp', 'var']

const [unpacked = '', out = ''] = process.argv.slice(2)
const libraries = path.resolve(unpacked, 'usr/lib/x86_64-linux-gnu')

/** @type {Map<string, { mode: number, data: Buffer }>} */
const files = new Map()

/**
 * @param {string} name in the guest
 * @param {string} file
 */
function add(name, file, mode = 0o755) {
  files.set(name, { mode, data: readFileSync(file) })
}

/**
 * With the libraries that the loader would find for it.
 *
 * @param {string} file
 */
function addProgram(file, name = path.basename(file)) {
  add(`bin/${name}`, realpathSync(file))
  const said = execFileSync('ldd', [file], {
    encoding: 'utf8',
    env: { ...process.env, LD_LIBRARY_PATH: libraries },
  })
  for (const line of said.split('\n')) {
    if (line.includes('not found')) throw new Error(`${file}: ${line.trim()}`)
    const library = /(\/\S+) \(0x/.exec(line)?.[1]
    if (library === undefined) continue
    const name = path.basename(library)
    add(name.startsWith('ld-linux') ? `lib64/${name}` : `lib/${name}`, realpathSync(library))
  }
}

/** @param {string} name */
function onPath(name) {
  const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin']
  const found = folders.find((folder) => readdirSync(folder).includes(name))
  if (found === undefined) throw new Error(`there is no ${name} on this machine: run \`make setup\``)
  return path.join(found, name)
}

/** Files of modules by name. @param {string} folder */
function modulesIn(folder) {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ko'),
  )
  return new Map(found.map((name) => [moduleName(path.basename(name, '.ko')), path.join(folder, name)]))
}

/** @param {string} text */
const moduleName = (text) => text.replaceAll('-', '_')

/** Modules in an order in which each comes behind those it depends on (its .modinfo says which). @param {Map<string, string>} known */
function inOrder(known) {
  /** @type {string[]} */
  const order = []
  /** @param {string} name */
  const visit = (name) => {
    if (order.includes(name)) return
    const file = known.get(name)
    if (file === undefined) throw new Error(`the kernel has no module ${name}`)
    const depends = /\0depends=([^\0]*)\0/.exec(readFileSync(file, 'latin1'))?.[1] ?? ''
    for (const other of depends.split(',').filter((text) => text !== '')) visit(moduleName(other))
    order.push(name)
  }
  for (const name of MODULES) visit(name)
  return order
}

const [release = ''] = readdirSync(path.join(unpacked, 'lib/modules'))
const known = modulesIn(path.join(unpacked, 'lib/modules', release))
for (const [index, name] of inOrder(known).entries()) {
  add(`lib/modules/${String(index).padStart(2, '0')}-${name}.ko`, known.get(name) ?? '', 0o644)
}
add('init', new URL('init', import.meta.url).pathname)
add('bin/busybox', path.join(unpacked, 'bin/busybox'))
addProgram(path.join(unpacked, 'usr/sbin/qemu-ga'))
// Programs of busybox start others of it before those on the PATH: its shell would take its own ip for any other.
addProgram(onPath('dash'), 'sh')
for (const name of HOST_PROGRAMS) addProgram(onPath(name))

const kernel = readFileSync(path.join(unpacked, 'boot', `vmlinuz-${release}`))
const initramfs = cpioArchive(FOLDERS, files)
const sha256 = (/** @type {Buffer} */ data) => createHash('sha256').update(data).digest('hex')
mkdirSync(out, { recursive: true })
writeFileSync(path.join(out, 'kernel'), kernel)
writeFileSync(path.join(out, 'initramfs'), initramfs)
writeFileSync(
  path.join(out, 'image.json'),
  `${JSON.stringify({ format: 'ztos-vm', version: 1, release, modules: MODULES, kernel: sha256(kernel), initramfs: sha256(initramfs) }, null, 2)}\n`,
)
