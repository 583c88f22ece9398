/**
 * What can be found out about a host without any rights.
 *
 * @module
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { arch, cpus, release } from 'node:os'
import path from 'node:path'
import { findBinary } from '../binaries.js'
import { tryCommand } from '../command.js'
import { LabError, messageOf, withoutCode } from '../errors.js'
import { accelerator } from '../vm/accelerator.js'
import { vmImage } from '../vm/image.js'
import type { CheckId, DoctorReport, Finding, Findings } from './report.js'

export function hostFacts(): DoctorReport['host'] {
  const all = cpus()
  return {
    kernel: release(),
    architecture: arch(),
    cpu: all[0]?.model.trim() ?? 'unknown processor',
    cores: all.length,
  }
}

export async function unprivilegedFindings(): Promise<Findings> {
  const tried: readonly (readonly [CheckId, () => Finding | Promise<Finding>])[] = [
    ['node', nodeVersion],
    ['privilege', privilege],
    ['user-namespaces', userNamespaces],
    ['binaries', binaries],
    ['tools', tools],
    ['bpf', bpf],
    ['memlock', memlock],
    ['cpu', () => cpuFeatures(readFileSync('/proc/cpuinfo', 'utf8'))],
    ['qemu', () => program('qemu-system-x86_64', 'apt-get install qemu-system-x86')],
    ['vm-image', referenceKernel],
    ['kvm', kvm],
    ['chromium', () => program('chromium', 'apt-get install chromium')],
  ]
  return findingsOf(tried)
}

/** Tries all; one that fails in an unforeseen way is unknown, and says why. */
export async function findingsOf(
  tried: readonly (readonly [CheckId, () => Finding | Promise<Finding>])[],
): Promise<Findings> {
  const found: Partial<Record<CheckId, Finding>> = {}
  for (const [id, look] of tried) {
    try {
      found[id] = await look()
    } catch (error) {
      const [detail = ''] = withoutCode(messageOf(error)).split('\n')
      const remedy = error instanceof LabError ? error.remedy : undefined
      found[id] = { outcome: 'unknown', detail, ...(remedy === undefined ? {} : { remedy }) }
    }
  }
  return found
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const good = major > 20 || (major === 20 && minor >= 19)
  return {
    outcome: good ? 'yes' : 'no',
    detail: process.versions.node,
    ...(good ? {} : { remedy: 'install Node 20.19 or later' }),
  }
}

async function privilege(): Promise<Finding> {
  if (process.getuid?.() === 0) return { outcome: 'yes', detail: 'root' }
  const remedy = 'run as root, or allow this user sudo without a password'
  if (locate('sudo') === undefined) return { outcome: 'no', detail: 'neither root nor sudo', remedy }
  const { code, stderr } = await tryCommand(['sudo', '-n', 'true'])
  return code === 0 ? { outcome: 'yes', detail: 'sudo' } : { outcome: 'no', detail: stderr.trim(), remedy }
}

async function userNamespaces(): Promise<Finding> {
  const { code, stderr } = await tryCommand(['unshare', '--user', '--net', '--map-root-user', 'true'])
  return code === 0
    ? { outcome: 'yes' }
    : {
        outcome: 'no',
        detail: stderr.trim(),
        remedy: 'sysctl -w kernel.unprivileged_userns_clone=1, or user.max_user_namespaces above 0',
      }
}

function binaries(): Finding {
  const names = ['ztos-fpe', 'ztos-probe', 'ztos-wire', 'ztos-netns'] as const
  const missing = names.filter((name) => !isThere(() => findBinary(name)))
  return missing.length === 0
    ? { outcome: 'yes' }
    : { outcome: 'no', detail: `${missing.join(', ')} not built`, remedy: 'run `make build`' }
}

function tools(): Finding {
  const missing = ['ip', 'tc', 'setpriv', 'prlimit'].filter((name) => locate(name) === undefined)
  return missing.length === 0
    ? { outcome: 'yes' }
    : {
        outcome: 'no',
        detail: `without ${missing.join(', ')}`,
        remedy: 'apt-get install iproute2 util-linux',
      }
}

function bpf(): Finding {
  return existsSync('/sys/kernel/btf/vmlinux')
    ? { outcome: 'yes', detail: 'with type information of the kernel' }
    : {
        outcome: 'no',
        detail: 'no /sys/kernel/btf/vmlinux',
        remedy: 'run a kernel with CONFIG_DEBUG_INFO_BTF',
      }
}

function memlock(): Finding {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const soft = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1] ?? 'unknown'
  const detail =
    soft === 'unlimited'
      ? soft
      : `${Math.floor(Number(soft) / 1024)} KiB, and engines may lock more (CAP_IPC_LOCK)`
  return { outcome: 'yes', detail }
}

/** Of `/proc/cpuinfo`. */
export function cpuFeatures(cpuinfo: string): Finding {
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(' '))
  const known = ['aes', 'pclmulqdq', 'avx2', 'avx512f', 'vaes', 'vpclmulqdq'].filter((flag) =>
    flags.has(flag),
  )
  if (flags.has('aes') && flags.has('pclmulqdq')) return { outcome: 'yes', detail: known.join(' ') }
  return {
    outcome: 'no',
    detail: 'AES runs in software',
    remedy: 'expect a tenth of the speed on sealed links',
  }
}

function referenceKernel(): Finding {
  try {
    const { release, modules } = vmImage()
    const judges = modules.filter((name) => ['macsec', 'vrf', 'vxlan', 'wireguard'].includes(name))
    return { outcome: 'yes', detail: `${release}, with ${judges.join(', ')}` }
  } catch (error) {
    return absent(error)
  }
}

/** What is not there is `no`; what may not be looked at, or does not answer, is unknown. @throws what is no LabError */
export function absent(error: unknown): Finding {
  if (!(error instanceof LabError)) throw error
  const [detail = ''] = withoutCode(error.message).split('\n')
  return {
    outcome: error.code === 'ZT_LAB_PRIVILEGE' || error.code === 'ZT_LAB_DEADLINE' ? 'unknown' : 'no',
    detail,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  }
}

function kvm(): Finding {
  const { kind, reason } = accelerator()
  return kind === 'kvm'
    ? { outcome: 'yes' }
    : { outcome: 'no', detail: `${reason ?? 'not usable'}; emulation (TCG) is slower, and does the same` }
}

/** Whether there is such a program. */
export function program(name: string, remedy: string): Finding {
  const found = locate(name)
  return found === undefined ? { outcome: 'no', remedy } : { outcome: 'yes', detail: found }
}

/** @returns absolute name of a program, also where only root has it on the PATH */
export function locate(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin']
  return folders
    .map((folder) => path.join(folder, name))
    .find((file) => isThere(() => accessSync(file, constants.X_OK)))
}

function isThere(look: () => unknown): boolean {
  try {
    look()
    return true
  } catch {
    // Not there, or not for us: both mean no.
    return false
  }
}
