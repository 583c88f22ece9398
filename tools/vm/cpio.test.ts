import { describe, expect, it } from 'vitest'
import { cpioArchive } from './cpio.mjs'

interface Entry {
  readonly name: string
  readonly mode: number
  readonly text: string
}

/** Reads an archive as the kernel does: a head of 110 octets, name and content filled up to four octets. */
function entriesOf(archive: Buffer): readonly Entry[] {
  const entries: Entry[] = []
  const up = (at: number) => Math.ceil(at / 4) * 4
  for (let at = 0; at < archive.length;) {
    expect(archive.subarray(at, at + 6).toString()).toBe('070701')
    const field = (n: number) =>
      Number.parseInt(archive.subarray(at + 6 + 8 * n, at + 14 + 8 * n).toString(), 16)
    const [mode, size, nameSize] = [field(1), field(6), field(11)]
    const data = up(at + 110 + nameSize)
    const name = archive.subarray(at + 110, at + 110 + nameSize - 1).toString()
    entries.push({ name, mode, text: archive.subarray(data, data + size).toString() })
    at = up(data + size)
  }
  return entries
}

describe('an initramfs', () => {
  const files = new Map([
    ['lib/modules/a.ko', { mode: 0o644, data: Buffer.from('module') }],
    ['init', { mode: 0o755, data: Buffer.from('#!/bin/sh') }],
  ])

  it('has folders before what is in them, files with their modes, and an end', () => {
    expect(entriesOf(cpioArchive(['dev', 'lib'], files))).toEqual([
      { name: 'dev', mode: 0o40755, text: '' },
      { name: 'lib', mode: 0o40755, text: '' },
      { name: 'lib/modules', mode: 0o40755, text: '' },
      { name: 'init', mode: 0o100755, text: '#!/bin/sh' },
      { name: 'lib/modules/a.ko', mode: 0o100644, text: 'module' },
      { name: 'TRAILER!!!', mode: 0, text: '' },
    ])
  })

  it('is the same octets whatever the order in which its files come', () => {
    const turned = new Map([...files].toReversed())
    expect(cpioArchive(['dev'], turned).equals(cpioArchive(['dev'], files))).toBe(true)
  })
})
