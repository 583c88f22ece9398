/**
 * Family 3, the codecs: faults that scapy must notice, which shares no line with us.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  build,
  encodeFrame,
  formatSci,
  fromHex,
  parseIpv4,
  parseMac,
  sciOf,
  toHex,
} from '../../twin/packet/index.js'
import { ScapyOracle } from '../support/scapy.js'
import type { SourceMutant } from './source/index.js'
import { loadMutated, type TwinModules } from './support/mutated-twin.js'
import { Table, testId } from './support/table.js'

const KEY = '000102030405060708090a0b0c0d0e0f'

function codec(id: string, meaning: string, file: string, find: string, replace: string): SourceMutant {
  return { id, clause: 'MACSEC-7', meaning, edits: [{ file: `packet/${file}.js`, find, replace }] }
}

const mutants: readonly SourceMutant[] = [
  codec(
    'nonce-without-packet-number',
    'the nonce of a sealed frame does not hold its packet number',
    'macsec',
    'setU32(iv, 8, Number(pn))',
    'setU32(iv, 8, 0)',
  ),
  codec(
    'sectag-without-association',
    'a SecTAG does not say which association sealed it',
    'macsec',
    'tciAn: tci | an',
    'tciAn: tci',
  ),
  codec(
    'checksum-folded-by-mask',
    'an Internet checksum loses its carries',
    'checksum',
    'folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000)',
    'folded = folded & 0xffff',
  ),
]

const table = new Table('codec')
let scapy: ScapyOracle
beforeAll(() => {
  scapy = ScapyOracle.start()
})
afterAll(async () => {
  table.write()
  await scapy.close()
})

/** The first frame of which scapy says otherwise. */
async function difference({ packet }: Pick<TwinModules, 'packet'>): Promise<string | undefined> {
  const sci = sciOf(parseMac('02:00:00:00:00:01'), 1)
  const sak = packet.importSak(fromHex(KEY))
  for (let n = 1; n <= 20; n++) {
    const clear = encodeFrame(frameOf(n))
    const { rebuilt } = await scapy.dissect(clear, true)
    const own = toHex(packet.encodeFrame(frameOf(n)))
    if (own !== rebuilt) return `frame ${n}: scapy writes ${rebuilt ?? 'nothing'}, we ${own}`
    const sealed = toHex(packet.seal({ frame: clear, sak, sci, an: n % 4, pn: n }))
    const request = { sci: formatSci(sci), an: n % 4, pn: n, key: KEY, encrypt: true, frame: toHex(clear) }
    const theirs = (await scapy.request({ op: 'macsec_encap', ...request }))['frame']
    if (sealed !== theirs) return `frame ${n}: scapy seals to ${String(theirs)}, we to ${sealed}`
  }
  return undefined
}

function frameOf(n: number) {
  const payload = build.payload(new Uint8Array(60 + n).fill(0xf0 + (n % 16)))
  const ip = build.ipv4(
    { src: parseIpv4('10.1.0.1'), dst: parseIpv4('10.1.0.2'), ttl: 64 },
    build.udp({ srcPort: 40000 + n, dstPort: 7 }, payload),
  )
  const [dst, src] = ['02:00:00:00:00:02', '02:00:00:00:00:01'].map((text) => parseMac(text))
  return build.ethernet(
    { dst: dst ?? parseMac('00:00:00:00:00:00'), src: src ?? parseMac('00:00:00:00:00:00') },
    ip,
  )
}

describe('a wrong codec is not what scapy is', () => {
  test('[T14] scapy agrees with the right codecs', async () => {
    const packet = await import('../../twin/packet/index.js')
    expect(await difference({ packet })).toBeUndefined()
  })

  for (const mutant of mutants) {
    test(`[T14][B05] ${mutant.id}: ${mutant.meaning}`, async (context) => {
      const found = await difference(await loadMutated(mutant))
      table.add({
        mutant: mutant.id,
        family: 'source of the codecs',
        site: mutant.edits.map(({ file }) => file).join(' '),
        on: 'scapy',
        state: found === undefined ? 'survived' : 'killed',
        killedBy: found === undefined ? [] : [testId(context)],
        ...(found === undefined ? {} : { note: found.slice(0, 60) }),
      })
      expect(found).toBeDefined()
    })
  }
})
