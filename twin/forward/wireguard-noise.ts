/**
 * The handshake of WireGuard (Noise IKpsk2), as the paper has it: messages made and opened. Which of them are accepted, and what comes
 * of them, is `wireguard-handshake.ts`'s.
 *
 * @module
 */
import {
  hash,
  KEY_LENGTH,
  kdf,
  openAead,
  publicKeyOf,
  sealAead,
  TAG_LENGTH,
  takeSecret,
  withOctets,
  x25519,
  type PrivateKey,
  type Secret,
} from '../packet/wireguard-crypto.js'
import { INITIATION, MessageType, RESPONSE, writeU32 } from './wireguard-message.js'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const NOTHING = new Uint8Array(0)
const START = hash(text('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s'))
const START_HASH = hash(START, text('WireGuard v1 zx2c4 Jason@zx2c4.com'))

/** Chaining key and hash on their way through a handshake. */
export class Transcript {
  #chainingKey: Uint8Array

  private constructor(
    chainingKey: Uint8Array,
    public hash: Uint8Array,
  ) {
    this.#chainingKey = chainingKey
  }

  /** At the start of a handshake with a responder. */
  static with(responder: Uint8Array): Transcript {
    return new Transcript(START.slice(), hash(START_HASH, responder))
  }

  /** As it was kept. */
  static of(kept: { readonly chainingKey: Secret; readonly hash: Uint8Array }): Transcript {
    return new Transcript(
      withOctets(kept.chainingKey, (octets) => Uint8Array.from(octets)),
      kept.hash,
    )
  }

  mixHash(octets: Uint8Array): void {
    this.hash = hash(this.hash, octets)
  }

  mixEphemeral(key: Uint8Array): void {
    this.mixHash(key)
    this.advance(1, key)
  }

  /** A key for one message of what a DH gave, which is wiped. */
  mixKey(dh: Uint8Array): Uint8Array {
    const [key] = this.advance(2, dh)
    dh.fill(0)
    return key!
  }

  /** The result of a DH, which is wiped. */
  mixSecret(dh: Uint8Array): void {
    this.advance(1, dh)
    dh.fill(0)
  }

  mixPresharedKey(key: Secret | undefined): Uint8Array {
    const [tau, messageKey] =
      key === undefined
        ? this.advance(3, new Uint8Array(KEY_LENGTH))
        : withOctets(key, (octets) => this.advance(3, octets))
    this.mixHash(tau!)
    tau!.fill(0)
    return messageKey!
  }

  /** Seals a field into a message, where it has room for the tag. */
  seal(key: Uint8Array, field: Uint8Array): Uint8Array {
    const sealed = sealAead(key, 0n, field, this.hash)
    key.fill(0)
    this.mixHash(sealed)
    return sealed
  }

  /** Opens a field. */
  open(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const opened = openAead(key, 0n, sealed, this.hash)
    key.fill(0)
    if (opened !== undefined) this.mixHash(sealed)
    return opened
  }

  /** What is left at the end: the keys from initiator to responder, and back. */
  split(): readonly [Secret, Secret] {
    const [there, back] = kdf(2, this.#chainingKey, NOTHING)
    this.wipe()
    return [takeSecret(there!), takeSecret(back!)]
  }

  /** To be gone on with when the response comes. */
  keep(): { readonly chainingKey: Secret; readonly hash: Uint8Array } {
    return { chainingKey: takeSecret(this.#chainingKey), hash: this.hash }
  }

  wipe(): void {
    this.#chainingKey.fill(0)
  }

  private advance(count: 1 | 2 | 3, input: Uint8Array): Uint8Array[] {
    const [chainingKey, ...keys] = kdf(count, this.#chainingKey, input)
    this.#chainingKey.fill(0)
    this.#chainingKey = chainingKey!
    return keys
  }
}

/** A copy of a secret, for {@link Transcript.mixKey} to wipe. */
const copyOf = (secret: Secret): Uint8Array => withOctets(secret, (octets) => Uint8Array.from(octets))

/** Who takes part in a handshake, as the initiator. */
export interface Initiator {
  readonly ephemeral: PrivateKey
  readonly publicKey: Uint8Array
  readonly responder: Uint8Array
  /** DH of the static keys. */
  readonly shared: Secret | undefined
}

/** An initiation without macs, and what to keep; `undefined` when a DH fails. */
export function makeInitiation(
  of: Initiator,
  sender: number,
  timestamp: Uint8Array,
): { readonly message: Uint8Array; readonly transcript: Transcript } | undefined {
  const dh = x25519(of.ephemeral, of.responder)
  if (dh === undefined || of.shared === undefined) return undefined
  const message = new Uint8Array(INITIATION.length)
  const transcript = Transcript.with(of.responder)
  const ephemeral = publicKeyOf(of.ephemeral)
  writeU32(message, 0, MessageType.INITIATION)
  writeU32(message, INITIATION.sender, sender)
  message.set(ephemeral, INITIATION.ephemeral)
  transcript.mixEphemeral(ephemeral)
  message.set(transcript.seal(transcript.mixKey(dh), of.publicKey), INITIATION.static)
  message.set(transcript.seal(transcript.mixKey(copyOf(of.shared)), timestamp), INITIATION.timestamp)
  return { message, transcript }
}

/** Of an initiation: who sent it. */
export function openStatic(
  privateKey: PrivateKey,
  publicKey: Uint8Array,
  message: Uint8Array,
): { readonly transcript: Transcript; readonly sender: Uint8Array } | undefined {
  const ephemeral = fieldOf(message, INITIATION.ephemeral, KEY_LENGTH)
  const dh = x25519(privateKey, ephemeral)
  if (dh === undefined) return undefined
  const transcript = Transcript.with(publicKey)
  transcript.mixEphemeral(ephemeral)
  const sealed = fieldOf(message, INITIATION.static, KEY_LENGTH + TAG_LENGTH)
  const sender = transcript.open(transcript.mixKey(dh), sealed)
  return sender === undefined ? undefined : { transcript, sender }
}

/** Of an initiation: its timestamp. */
export function openTimestamp(
  transcript: Transcript,
  shared: Secret | undefined,
  message: Uint8Array,
): Uint8Array | undefined {
  if (shared === undefined) return undefined
  const sealed = fieldOf(message, INITIATION.timestamp, 12 + TAG_LENGTH)
  return transcript.open(transcript.mixKey(copyOf(shared)), sealed)
}

/** A response without macs to an initiation that was opened; `undefined` when a DH fails. */
export function makeResponse(
  transcript: Transcript,
  initiation: Uint8Array,
  of: {
    readonly ephemeral: PrivateKey
    readonly initiator: Uint8Array
    readonly presharedKey: Secret | undefined
  },
  sender: number,
): Uint8Array | undefined {
  const withEphemeral = x25519(of.ephemeral, fieldOf(initiation, INITIATION.ephemeral, KEY_LENGTH))
  const withStatic = x25519(of.ephemeral, of.initiator)
  if (withEphemeral === undefined || withStatic === undefined) return undefined
  const message = new Uint8Array(RESPONSE.length)
  const ephemeral = publicKeyOf(of.ephemeral)
  writeU32(message, 0, MessageType.RESPONSE)
  writeU32(message, RESPONSE.sender, sender)
  message.set(initiation.subarray(INITIATION.sender, INITIATION.sender + 4), RESPONSE.receiver)
  message.set(ephemeral, RESPONSE.ephemeral)
  transcript.mixEphemeral(ephemeral)
  transcript.mixSecret(withEphemeral)
  transcript.mixSecret(withStatic)
  message.set(transcript.seal(transcript.mixPresharedKey(of.presharedKey), NOTHING), RESPONSE.empty)
  return message
}

/** The transcript behind a response, `undefined` when it does not open; what was kept stays as it is. */
export function openResponse(
  kept: { readonly ephemeral: PrivateKey; readonly chainingKey: Secret; readonly hash: Uint8Array },
  privateKey: PrivateKey,
  presharedKey: Secret | undefined,
  message: Uint8Array,
): Transcript | undefined {
  const ephemeral = fieldOf(message, RESPONSE.ephemeral, KEY_LENGTH)
  const withEphemeral = x25519(kept.ephemeral, ephemeral)
  const withStatic = x25519(privateKey, ephemeral)
  if (withEphemeral === undefined || withStatic === undefined) return undefined
  const transcript = Transcript.of(kept)
  transcript.mixEphemeral(ephemeral)
  transcript.mixSecret(withEphemeral)
  transcript.mixSecret(withStatic)
  const key = transcript.mixPresharedKey(presharedKey)
  const opened = transcript.open(key, fieldOf(message, RESPONSE.empty, TAG_LENGTH))
  if (opened !== undefined) return transcript
  transcript.wipe()
  return undefined
}

/** A field of a message. */
export function fieldOf(message: Uint8Array, at: number, length: number): Uint8Array {
  return message.subarray(at, at + length)
}
