/**
 * Fabric files on disk.
 *
 * @module
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import path from 'node:path'
import { loadWith, type LoadResult } from './load.js'
import { MAX_FILE } from './source.js'

export interface LoadOptions {
  /** Content of a file, instead of the disk's. May throw. */
  readonly read?: (file: string) => Uint8Array | string
  /** Names in a folder, instead of the disk's. May throw. */
  readonly list?: (folder: string) => readonly string[]
}

/**
 * Reads a fabric file and the fragments it includes.
 *
 * @returns the fabric, or every problem found; never throws for what a file holds
 */
export function loadFabric(file: string, options: LoadOptions = {}): LoadResult {
  const read = options.read ?? readBounded
  const list = options.list ?? ((folder: string) => readdirSync(folder === '' ? '.' : folder))
  return loadWith({ read, list }, file.split(path.sep).join('/'))
}

/** At most one octet more than a fabric file may have: what is read may be /dev/zero. */
function readBounded(file: string): Uint8Array {
  const descriptor = openSync(file, 'r')
  try {
    const buffer = new Uint8Array(MAX_FILE + 1)
    let length = 0
    for (;;) {
      const got = readSync(descriptor, buffer, length, buffer.length - length, null)
      length += got
      if (got === 0 || length === buffer.length) return buffer.subarray(0, length)
    }
  } finally {
    closeSync(descriptor)
  }
}
