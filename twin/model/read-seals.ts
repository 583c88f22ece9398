/**
 * `seals`.
 *
 * @module
 */
import { DEFAULT_WIREGUARD_PORT, type SealEntry } from '../../contract/fabric.js'
import type { Context } from './context.js'
import { isExtended, type MacsecSeal, type Seal } from './fabric.js'
import { didYouMean } from './names.js'
import type { Path } from './tree.js'

/** IEEE 802.1AE-2018 clause 10.7.8. */
const MAX_XPN_WINDOW = 2 ** 30 - 1

/** In the place of a seal's name: none. */
export const NO_SEAL = 'none'
/** Ends of key references that are no node's. */
const KEY_WORDS: ReadonlySet<string> = new Set(['psk', 'public'])

export function isKeyWord(name: string): boolean {
  return KEY_WORDS.has(name)
}

/** Seals by name. */
export function readSeals(context: Context): ReadonlyMap<string, Seal> {
  const seals = new Map<string, Seal>()
  for (const [name, entry] of Object.entries(context.file.seals ?? {})) {
    const path = ['seals', name]
    if (name === NO_SEAL) {
      context.badKey(
        'ZT_FABRIC_NAME_CLASH',
        path,
        `${NO_SEAL} is what a tenant without seal says`,
        'choose another name',
      )
    }
    rejectKeyName(context, name, entry.key)
    const seal = sealOf(name, entry)
    if (seal.kind === 'macsec') checkMacsec(context, path, seal)
    seals.set(name, seal)
  }
  return seals
}

/** Of 16 octets or more. What is in base64 ends in a sign that no name has. */
const VALUE = /^[0-9A-Fa-f]{32,}$/

/** It is a path below its source, and no value. What is refused is not shown: it may be the key itself. */
function rejectKeyName(context: Context, seal: string, key: string): void {
  const name = key.slice(key.indexOf(':') + 1)
  const path = ['seals', seal, 'key']
  const remedy = `write the name of a key, such as lab:${seal}`
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..'))
    context.bad('ZT_FABRIC_VALUE', path, 'the name of a key is no path to elsewhere', remedy)
  else if (name.split('/').some((part) => VALUE.test(part)))
    context.bad('ZT_FABRIC_VALUE', path, 'this looks like a key, and must be the name of one', remedy)
}

function sealOf(name: string, entry: SealEntry): Seal {
  const { key } = entry
  if ('macsec' in entry) {
    const { macsec: cipher, mode = 'strict', confidentiality, tag, replayWindow, standby = 0 } = entry
    return { kind: 'macsec', name, key, cipher, mode, confidentiality, tag, replayWindow, standby }
  }
  const { psk = false, port = DEFAULT_WIREGUARD_PORT, keepalive } = entry
  return { kind: 'wireguard', name, key, psk, port, keepalive }
}

/** A seal by its name at a path; a name that is none is a problem. */
export function readSealName(
  context: Context,
  path: Path,
  name: string | undefined,
  seals: ReadonlyMap<string, Seal>,
): Seal | undefined {
  if (name === undefined) return undefined
  const seal = seals.get(name)
  if (seal === undefined && context.isWhole('seals')) {
    context.bad(
      'ZT_FABRIC_UNKNOWN_NAME',
      path,
      `${name} is no seal of this fabric${didYouMean(name, seals.keys())}`,
      seals.size === 0 ? 'add it under seals' : `write ${[...seals.keys()].join(' or ')}`,
    )
  }
  return seal
}

function checkMacsec(context: Context, path: Path, seal: MacsecSeal): void {
  const { cipher, replayWindow = 0 } = seal
  if (isExtended(cipher) && replayWindow > MAX_XPN_WINDOW) {
    context.bad(
      'ZT_FABRIC_VALUE',
      [...path, 'replayWindow'],
      `with ${cipher} the upper half of a packet number is guessed, which a window of ${replayWindow} makes impossible`,
      `write at most ${MAX_XPN_WINDOW}`,
    )
  }
  lintMacsec(context, path, seal)
}

/** Options that others do not have, or that come to nothing. */
function lintMacsec(context: Context, path: Path, seal: MacsecSeal): void {
  const { cipher, confidentiality, mode } = seal
  if (mode === 'disabled') {
    for (const key of ['confidentiality', 'tag', 'replayWindow', 'standby'] as const) {
      if (!Object.hasOwn(context.file.seals?.[seal.name] ?? {}, key)) continue
      context.warn('ZT_FABRIC_LINT_IDLE', [...path, key], 'mode: disabled seals nothing', 'leave it out')
    }
    return
  }
  if (!isExtended(cipher)) return
  if (confidentiality === 'offset-30' || confidentiality === 'offset-50') {
    context.warn(
      'ZT_FABRIC_LINT_SEAL',
      [...path, 'confidentiality'],
      `Linux and most hardware have no offset with ${cipher}`,
      `leave it out, or write macsec: ${cipher.replace('xpn-', '')}`,
    )
  }
  if (seal.standby > 0) {
    context.warn(
      'ZT_FABRIC_LINT_IDLE',
      [...path, 'standby'],
      `the packet numbers of ${cipher} do not end in a lifetime, so that no reserve is used`,
      `leave it out, or write macsec: ${cipher.replace('xpn-', '')}`,
    )
  }
}
