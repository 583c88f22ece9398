/**
 * Reading parts of files that others are still writing.
 *
 * @module
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { LabError } from './errors.js'

/**
 * Octets of a file from `start` to `end`; no `Buffer`, whose `slice` is a view and no copy.
 *
 * @throws LabError `ZT_LAB_FORMAT` when the file ends before
 */
export function readPart(file: string, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start)
  const fd = openSync(file, 'r')
  try {
    let have = 0
    while (have < bytes.length) {
      const count = readSync(fd, bytes, have, bytes.length - have, start + have)
      if (count === 0)
        throw new LabError('ZT_LAB_FORMAT', `${file} ends at octet ${start + have}, and ${end} were promised`)
      have += count
    }
  } finally {
    closeSync(fd)
  }
  return bytes
}
