/**
 * What the reference VM boots, as set-up makes it (`tools/vm/`).
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { LabError } from '../errors.js'
import { packageRoot } from '../paths.js'

const Manifest = z.object({
  format: z.literal('ztos-vm'),
  version: z.literal(1),
  release: z.string(),
  modules: z.array(z.string()),
})

export interface VmImage {
  readonly kernel: string
  readonly initramfs: string
  /** Of the kernel: `6.1.0-56-cloud-amd64`. */
  readonly release: string
  /** That the guest was asked to load; others by dependence. */
  readonly modules: readonly string[]
}

/** @throws LabError `ZT_LAB_MISSING` where none was made, `ZT_LAB_FORMAT` where it is of another version */
export function vmImage(root: string = packageRoot()): VmImage {
  const folder = path.join(root, 'build', 'vm')
  const [kernel, initramfs, manifest] = ['kernel', 'initramfs', 'image.json'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string]
  const missing = [kernel, initramfs, manifest].find((file) => !existsSync(file))
  if (missing !== undefined) {
    throw new LabError('ZT_LAB_MISSING', `there is no reference VM: ${missing} does not exist`, {
      remedy:
        process.arch === 'x64'
          ? 'run `make setup` in a checkout'
          : 'use an x86-64 machine: the reference VM is of this kind alone',
    })
  }
  const { release, modules } = parse(manifest)
  return { kernel, initramfs, release, modules }
}

function parse(file: string): z.infer<typeof Manifest> {
  try {
    return Manifest.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw new LabError('ZT_LAB_FORMAT', `${file} does not describe a reference VM of this version`, {
      remedy: 'run `make setup`',
      cause: error,
    })
  }
}
