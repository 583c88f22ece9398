import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { daemonAccount } from './account.js'
import { daemonPrograms } from './programs.js'

const folder = mkdtempSync(path.join(tmpdir(), 'daemons-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string) => {
  writeFileSync(path.join(folder, name), text)
  return path.join(folder, name)
}

describe('what daemons need of a host', () => {
  const group = file('group', 'root:x:0:\nfrrvty:x:106:frr\nfrr:x:107:\n')

  it('is the account of FRR, and the group of its vty', () => {
    const passwd = file(
      'passwd',
      'root:x:0:0:root:/root:/bin/sh\nfrr:x:103:107:Frr:/nonexistent:/sbin/nologin\n',
    )
    expect(daemonAccount(passwd, group)).toEqual({ uid: 103, gid: 107, vtyGid: 106 })
  })

  it('says what is missing and how to have it', () => {
    const passwd = file('none', 'root:x:0:0:root:/root:/bin/sh\nfrrx:x:1:1:::\n')
    expect(() => daemonAccount(passwd, group)).toThrow(
      /^ZT_LAB_MISSING: there is no "frr" in .*\n {2}remedy: run `make setup`/,
    )
  })

  it('is programs, of which the first that is missing is named', () => {
    // FRR is installed for all; what is built here is not in an empty folder.
    expect(() => daemonPrograms(folder)).toThrow(
      /^ZT_LAB_MISSING: .*gobgpd is not there\n {2}remedy: run `make setup`/,
    )
  })
})
