/**
 * What the twin computes with, against the vectors of Wycheproof (https://github.com/C2SP/wycheproof), which set-up lays into
 * build/wycheproof/, and of RFC 8439.
 *
 * The vectors of RFC 8439 appendix A.3 are Poly1305's alone: the twin has it, as Node has, only inside the AEAD, where no caller
 * chooses its key. Wycheproof's EdgeCasePoly1305 and EdgeCasePolyKey reach the same carries and reductions through the AEAD.
 */
import { createCipheriv, createDecipheriv, type CipherGCMTypes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fromHex, toHex } from '../../../twin/packet/index.js'
import {
  openAead,
  openXaead,
  privateKeyOf,
  sealAead,
  sealXaead,
  x25519,
} from '../../../twin/packet/wireguard-crypto.js'

const Aead = z.object({
  tcId: z.int(),
  comment: z.string(),
  flags: z.array(z.string()),
  key: z.string(),
  iv: z.string(),
  aad: z.string(),
  msg: z.string(),
  ct: z.string(),
  tag: z.string(),
  result: z.enum(['valid', 'invalid']),
})
const Xdh = z.object({
  tcId: z.int(),
  flags: z.array(z.string()),
  public: z.string(),
  private: z.string(),
  shared: z.string(),
  result: z.enum(['valid', 'acceptable']),
})
type Aead = z.infer<typeof Aead>

function vectors<T>(name: string, schema: z.ZodType<T>): readonly T[] {
  const file = new URL(`../../../build/wycheproof/${name}.json`, import.meta.url)
  const { numberOfTests, testGroups } = z
    .object({ numberOfTests: z.int(), testGroups: z.array(z.object({ tests: z.array(schema) })) })
    .parse(JSON.parse(readFileSync(file, 'utf8')))
  const tests = testGroups.flatMap((group) => group.tests)
  if (tests.length !== numberOfTests) throw new Error(`${name}: ${tests.length} of ${numberOfTests} vectors`)
  return tests
}

interface Sealing {
  readonly seal: (vector: Octets) => Uint8Array
  readonly open: (vector: Octets, sealed: Uint8Array) => Uint8Array | undefined
}
interface Octets {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly text: Uint8Array
  readonly additional: Uint8Array
}

function octetsOf({ key, iv, aad, msg }: Aead): Octets {
  return { key: fromHex(key), nonce: fromHex(iv), text: fromHex(msg), additional: fromHex(aad) }
}

/** What an implementation says otherwise than the vectors. */
function mistakes(tests: readonly Aead[], { seal, open }: Sealing): readonly string[] {
  return tests.flatMap((test) => {
    const octets = octetsOf(test)
    const sealed = test.ct + test.tag
    const opened = open(octets, fromHex(sealed))
    const wrong: string[] = []
    if (test.result === 'invalid') {
      if (opened !== undefined) wrong.push('opens')
      if (toHex(seal(octets)) === sealed) wrong.push('seals to what is invalid')
    } else {
      if (opened === undefined || toHex(opened) !== test.msg) wrong.push('does not open')
      if (toHex(seal(octets)) !== sealed) wrong.push('seals to something else')
    }
    return wrong.map((what) => `${test.tcId} (${test.flags.join(' ')}) ${what}`)
  })
}

/** As the twin calls Node, with a nonce that the twin never has. */
function byNode(cipher: (key: Uint8Array) => string): Sealing {
  const of = (key: Uint8Array) => cipher(key) as CipherGCMTypes
  return {
    seal({ key, nonce, text, additional }) {
      const sealing = createCipheriv(of(key), key, nonce, { authTagLength: 16 })
      sealing.setAAD(additional, { plaintextLength: text.length })
      const sealed = Buffer.concat([sealing.update(text), sealing.final()])
      return new Uint8Array(Buffer.concat([sealed, sealing.getAuthTag()]))
    },
    open({ key, nonce, additional }, sealed) {
      const length = sealed.length - 16
      const opening = createDecipheriv(of(key), key, nonce, { authTagLength: 16 })
      opening.setAAD(additional, { plaintextLength: length })
      opening.setAuthTag(sealed.subarray(length))
      const text = opening.update(sealed.subarray(0, length))
      try {
        return new Uint8Array(Buffer.concat([text, opening.final()]))
      } catch {
        return undefined
      }
    },
  }
}

const counterOf = (nonce: Uint8Array): bigint => Buffer.from(nonce).readBigUInt64LE(4)
const twinAead: Sealing = {
  seal: ({ key, nonce, text, additional }) => sealAead(key, counterOf(nonce), text, additional),
  open: ({ key, nonce, additional }, sealed) => openAead(key, counterOf(nonce), sealed, additional),
}
const twinXaead: Sealing = {
  seal: ({ key, nonce, text, additional }) => sealXaead(key, nonce, text, additional),
  open: ({ key, nonce, additional }, sealed) => openXaead(key, nonce, sealed, additional),
}
const isCounter = ({ iv }: Aead): boolean => iv.length === 24 && iv.startsWith('00000000')

describe('[O10] vectors of Wycheproof', () => {
  it('hold for ChaCha20-Poly1305: all nonces of 12 octets by Node, those that are a counter by the twin', () => {
    const tests = vectors('chacha20_poly1305', Aead).filter(({ iv }) => iv.length === 24)
    expect(tests).toHaveLength(316)
    expect(
      mistakes(
        tests,
        byNode(() => 'chacha20-poly1305'),
      ),
    ).toEqual([])
    const counters = tests.filter(isCounter)
    expect(counters).toHaveLength(10)
    expect(mistakes(counters, twinAead)).toEqual([])
  })

  it('hold for XChaCha20-Poly1305 by the twin: all nonces of 24 octets', () => {
    const tests = vectors('xchacha20_poly1305', Aead).filter(({ iv }) => iv.length === 48)
    expect(tests.filter(({ result }) => result === 'invalid')).toHaveLength(60)
    expect(tests).toHaveLength(306)
    expect(mistakes(tests, twinXaead)).toEqual([])
  })

  it('hold for X25519 by the twin: all points are taken, and a result of zeros is a failure', () => {
    const tests = vectors('x25519', Xdh)
    const results = tests.map(({ tcId, private: own, public: other }) => {
      const shared = x25519(privateKeyOf(fromHex(own)), fromHex(other))
      return [tcId, shared === undefined ? 'zeros' : toHex(shared)]
    })
    const zeros = '0'.repeat(64)
    expect(results).toEqual(tests.map(({ tcId, shared }) => [tcId, shared === zeros ? 'zeros' : shared]))
    expect(results.filter(([, shared]) => shared === 'zeros')).toHaveLength(31)
    expect(tests).toHaveLength(518)
  })

  it('hold for AES-GCM by Node, of which MACsec takes AES-128: all nonces of 12 octets', () => {
    const tests = vectors('aes_gcm', Aead).filter(({ iv }) => iv.length === 24)
    expect(tests).toHaveLength(197)
    expect(
      mistakes(
        tests,
        byNode((key) => `aes-${key.length * 8}-gcm`),
      ),
    ).toEqual([])
  })
})

describe('[O10] vectors of RFC 8439', () => {
  it('section 2.8.2: sealed, with a nonce that is no counter, by Node', () => {
    const octets: Octets = {
      key: Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i),
      nonce: fromHex('07000000 4041424344454647'),
      text: new TextEncoder().encode(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
      ),
      additional: fromHex('50515253 c0c1c2c3c4c5c6c7'),
    }
    const sealed = byNode(() => 'chacha20-poly1305').seal(octets)
    expect(toHex(sealed)).toMatch(/^d31a8d34648e60db7b86afbc53ef7ec2/)
    expect(toHex(sealed)).toMatch(/1ae10b594f09e26a7e902ecbd0600691$/)
  })

  it('appendix A.5: opened, and sealed, by the twin', () => {
    const octets: Octets = {
      key: fromHex('1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0'),
      nonce: fromHex('00000000 0102030405060708'),
      text: new TextEncoder().encode(
        'Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, or obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as reference material or to cite them other than as /\u201cwork in progress./\u201d',
      ),
      additional: fromHex('f33388860000000000004e91'),
    }
    const sealed = twinAead.seal(octets)
    expect(toHex(sealed)).toMatch(/^64a0861575861af460f062c79be643bd/)
    expect(toHex(sealed)).toMatch(/eead9d67890cbb22392336fea1851f38$/)
    expect(twinAead.open(octets, sealed)).toEqual(octets.text)
    sealed[0]! ^= 1
    expect(twinAead.open(octets, sealed)).toBeUndefined()
  })
})
