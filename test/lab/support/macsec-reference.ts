/**
 * MACsec by node:crypto alone (IEEE 802.1AE-2018 clauses 9, 10.5, 10.6 and 14), for all four suites: what tests hold against Linux first, and
 * then engine and codecs against it. Short, and without any state: packet numbers are the caller's.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'

export const suites = ['gcm-aes-128', 'gcm-aes-256', 'gcm-aes-xpn-128', 'gcm-aes-xpn-256'] as const
export type Suite = (typeof suites)[number]
/** How the SCI is told: in the SecTAG, by the ES bit, or not at all. */
export const tags = ['explicit', 'end-station', 'implicit'] as const
export type Tag = (typeof tags)[number]

export interface Association {
  readonly suite: Suite
  readonly an: number
  readonly key: Uint8Array
  /** 16 hex digits. */
  readonly sci: string
  /** Of XPN suites: 12 octets, and the short SCI. */
  readonly salt: Uint8Array
  readonly ssci: number
}

export interface Sealing {
  readonly pn: bigint
  readonly encrypts: boolean
  readonly tag: Tag
}

export interface Opened {
  readonly frame: Uint8Array
  /** As the SecTAG has it: 32 bits. */
  readonly pn: number
  readonly tag: Tag
  readonly encrypts: boolean
}

const ETHER_TYPE = 0x88e5
const [ES, SC, ENCRYPTED] = [0x40, 0x20, 0x0c]
const ADDRESSES = 12
const ICV = 16

export const isExtended = (suite: Suite): boolean => suite.includes('xpn')
export const keyLength = (suite: Suite): 16 | 32 => (suite.endsWith('256') ? 32 : 16)

export function sealMacsec(frame: Uint8Array, sa: Association, { pn, encrypts, tag }: Sealing): Uint8Array {
  const data = Buffer.from(frame.subarray(ADDRESSES))
  const head = Buffer.alloc(8)
  head.writeUInt16BE(ETHER_TYPE)
  head[2] = (tag === 'explicit' ? SC : tag === 'end-station' ? ES : 0) | (encrypts ? ENCRYPTED : 0) | sa.an
  head[3] = data.length < 48 ? data.length : 0
  head.writeUInt32BE(Number(pn & 0xffff_ffffn), 4)
  const sci = tag === 'explicit' ? Buffer.from(sa.sci, 'hex') : Buffer.alloc(0)
  const open = Buffer.concat([frame.subarray(0, ADDRESSES), head, sci])
  const cipher = createCipheriv(cipherOf(sa), sa.key, ivOf(sa, pn))
  if (encrypts) {
    cipher.setAAD(open)
    return Buffer.concat([open, cipher.update(data), cipher.final(), cipher.getAuthTag()])
  }
  cipher.setAAD(Buffer.concat([open, data]))
  cipher.final()
  return Buffer.concat([open, data, cipher.getAuthTag()])
}

/**
 * @param epoch upper 32 bits of the packet number, with an XPN suite
 * @throws Error when the frame is none of the association, or its ICV is wrong
 */
export function openMacsec(sealed: Uint8Array, sa: Association, epoch = 0n): Opened {
  const bytes = Buffer.from(sealed)
  const tci = bytes[ADDRESSES + 2]!
  if (bytes.readUInt16BE(ADDRESSES) !== ETHER_TYPE) throw new Error('no MACsec')
  if ((tci & 3) !== sa.an) throw new Error(`AN ${tci & 3}, not ${sa.an}`)
  const tag = (tci & SC) !== 0 ? 'explicit' : (tci & ES) !== 0 ? 'end-station' : 'implicit'
  const at = ADDRESSES + (tag === 'explicit' ? 16 : 8)
  const sci = bytes.toString('hex', ADDRESSES + 8, at)
  if (tag === 'explicit' && sci !== sa.sci) throw new Error(`SCI ${sci}, not ${sa.sci}`)
  const data = bytes.subarray(at, -ICV)
  const shortLength = bytes[ADDRESSES + 3]!
  if (shortLength !== (data.length < 48 ? data.length : 0)) throw new Error(`SL ${shortLength}`)
  const encrypts = (tci & ENCRYPTED) === ENCRYPTED
  const pn = bytes.readUInt32BE(ADDRESSES + 4)
  const decipher = createDecipheriv(cipherOf(sa), sa.key, ivOf(sa, (epoch << 32n) | BigInt(pn)))
  decipher.setAuthTag(bytes.subarray(-ICV))
  decipher.setAAD(bytes.subarray(0, encrypts ? at : -ICV))
  const clear = encrypts ? decipher.update(data) : data
  decipher.final()
  return { frame: Buffer.concat([bytes.subarray(0, ADDRESSES), clear]), pn, tag, encrypts }
}

function cipherOf({ suite }: Association): 'aes-128-gcm' | 'aes-256-gcm' {
  return keyLength(suite) === 32 ? 'aes-256-gcm' : 'aes-128-gcm'
}

/** SCI and PN; of an XPN suite (clauses 14.7, 14.8) short SCI and 64 bits of PN, mixed with the salt. */
function ivOf({ suite, sci, ssci, salt }: Association, pn: bigint): Buffer {
  const iv = Buffer.alloc(12)
  if (isExtended(suite)) {
    iv.writeUInt32BE(ssci)
    iv.writeBigUInt64BE(pn, 4)
    return Buffer.from(iv.map((octet, n) => octet ^ salt[n]!))
  }
  iv.write(sci, 'hex')
  iv.writeUInt32BE(Number(pn), 8)
  return iv
}
