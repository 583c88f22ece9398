import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { blake2s } from './blake2s.js'
import { fromHex, toHex } from './bytes.js'
import {
  hash,
  hmac,
  kdf,
  keyedHash,
  keyedMac,
  openAead,
  openXaead,
  privateKeyOf,
  publicKeyOf,
  sealAead,
  sealXaead,
  takeSecret,
  withOctets,
  x25519,
} from './wireguard-crypto.js'

const counting = (length: number, from = 0) => Uint8Array.from({ length }, (_, i) => from + i)
const ascii = (text: string) => new TextEncoder().encode(text)

describe('BLAKE2s', () => {
  test('agrees with node without a key, at every length around blocks', () => {
    for (let length = 0; length < 200; length++) {
      const message = new Uint8Array(randomBytes(length))
      expect(toHex(blake2s(32, message))).toBe(createHash('blake2s256').update(message).digest('hex'))
    }
  })

  // RFC 7693 appendix B, and the first lines of the reference implementation's blake2s-kat.txt.
  test('published hashes, with a key and without', () => {
    expect(toHex(blake2s(32, ascii('abc')))).toBe(
      '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982',
    )
    expect(toHex(keyedHash(counting(32), new Uint8Array(0)))).toBe(
      '48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49',
    )
    expect(toHex(keyedHash(counting(32), Uint8Array.of(0)))).toBe(
      '40d15fee7c328830166ac3f918650f807e7e01e177258cdc0a39b11f598066f1',
    )
  })

  // RFC 7693 appendix E: a hash over hashes of four lengths, each plain and keyed with as many octets, of six messages.
  test('the self-test of the RFC, keys and lengths that are no 32 octets among it', () => {
    const sequence = (length: number, seed: number) => {
      const octets = new Uint8Array(length)
      let [a, b] = [Math.imul(0xdead4bad, seed) >>> 0, 1]
      for (let i = 0; i < length; i++) {
        const t = (a + b) >>> 0
        ;[a, b] = [b, t]
        octets[i] = t >>> 24
      }
      return octets
    }
    const all: Uint8Array[] = []
    for (const length of [16, 20, 28, 32]) {
      for (const octets of [0, 3, 64, 65, 255, 1024]) {
        const message = sequence(octets, octets)
        all.push(blake2s(length, message), blake2s(length, message, sequence(length, length)))
      }
    }
    expect(toHex(hash(...all))).toBe('6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe')
  })

  test('keys of 16 and of 32 octets, and of none', () => {
    const message = ascii('message')
    expect(keyedMac(counting(16), message)).toHaveLength(16)
    expect(toHex(keyedMac(counting(16), message))).not.toBe(toHex(keyedMac(counting(32), message)))
    expect(toHex(keyedHash(counting(16), message))).not.toContain(toHex(keyedMac(counting(16), message)))
  })
})

describe('HMAC and KDF', () => {
  test('HMAC is what RFC 2104 makes of the hash', () => {
    const key = counting(32, 7)
    const pad = (octet: number) => Uint8Array.from({ length: 64 }, (_, i) => (key[i] ?? 0) ^ octet)
    const message = ascii('what is authenticated')
    const expected = hash(pad(0x5c), hash(pad(0x36), message))
    expect(toHex(hmac(key, message))).toBe(toHex(expected))
    expect(toHex(hmac(key, message.subarray(0, 4), message.subarray(4)))).toBe(toHex(expected))
  })

  test('KDFs are chains of it', () => {
    const [chaining, input] = [counting(32), counting(32, 100)]
    const first = hmac(hmac(chaining, input), Uint8Array.of(1))
    const second = hmac(hmac(chaining, input), first, Uint8Array.of(2))
    const third = hmac(hmac(chaining, input), second, Uint8Array.of(3))
    expect(kdf(1, chaining, input).map(toHex)).toEqual([first].map(toHex))
    expect(kdf(3, chaining, input).map(toHex)).toEqual([first, second, third].map(toHex))
  })
})

describe('X25519', () => {
  test('the exchange of RFC 7748 section 6.1', () => {
    const a = privateKeyOf(counting(32, 3))
    const b = privateKeyOf(fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'))
    expect(toHex(publicKeyOf(b))).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
    expect(toHex(x25519(a, publicKeyOf(b))!)).toBe(toHex(x25519(b, publicKeyOf(a))!))
    const alice = fromHex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
    expect(toHex(x25519(b, alice)!)).toBe('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742')
  })

  // The points of order 1, 2 and 8 that are smallest as numbers.
  test.each([
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  ])('a result of zeros is none: %s', (point) => {
    expect(x25519(privateKeyOf(counting(32, 1)), fromHex(point))).toBeUndefined()
  })

  test('secrets do not print, and octets lent are wiped', () => {
    const given = counting(32, 1)
    const secret = takeSecret(given)
    expect(toHex(given)).toBe('00'.repeat(32))
    const lent: Uint8Array[] = []
    withOctets(secret, (octets) => {
      expect(toHex(octets)).toBe(toHex(counting(32, 1)))
      lent.push(octets)
    })
    expect(lent.map(toHex)).toEqual(['00'.repeat(32)])
    expect(JSON.stringify({ secret })).toBe('{"secret":{}}')
  })
})

describe('AEAD', () => {
  const sunscreen = ascii(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  )
  const additional = fromHex('50515253c0c1c2c3c4c5c6c7')

  // draft-irtf-cfrg-xchacha-03 appendix A.3.1.
  test('XChaCha20-Poly1305 of the draft', () => {
    const key = counting(32, 0x80)
    const nonce = counting(24, 0x40)
    const sealed = sealXaead(key, nonce, sunscreen, additional)
    expect(toHex(sealed)).toBe(
      [
        'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb',
        '731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452',
        '2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9',
        '21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49',
      ].join(''),
    )
    expect(openXaead(key, nonce, sealed, additional)).toEqual(sunscreen)
    expect(openXaead(key, nonce, sealed, additional.subarray(1))).toBeUndefined()
    expect(openXaead(key, nonce.with(20, 0), sealed, additional)).toBeUndefined()
  })

  // RFC 8439 appendix A.5, whose nonce begins with four zero octets.
  test('ChaCha20-Poly1305 of the RFC, the nonce a counter in its last eight octets', () => {
    const key = fromHex('1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0')
    const sealed = fromHex(
      '64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38',
    )
    const text = openAead(key, 0x0807060504030201n, sealed, fromHex('f33388860000000000004e91'))
    expect(new TextDecoder().decode(text)).toMatch(/^Internet-Drafts are draft documents .* progress\./)
  })

  test('round trips by counter, and nothing that is altered opens', () => {
    const key = takeSecret(counting(32, 9))
    for (const counter of [0n, 1n, 0xffff_ffff_ffff_ffffn]) {
      const sealed = sealAead(key, counter, sunscreen)
      expect(openAead(key, counter, sealed)).toEqual(sunscreen)
      expect(openAead(key, counter ^ 1n, sealed)).toBeUndefined()
      expect(openAead(key, counter, sealed.with(3, sealed[3]! ^ 1))).toBeUndefined()
    }
    expect(openAead(key, 0n, new Uint8Array(15))).toBeUndefined()
    expect(openAead(key, 0n, sealAead(key, 0n, new Uint8Array(0)))).toEqual(new Uint8Array(0))
  })
})
