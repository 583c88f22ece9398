/**
 * The values of a plan's keys: of lab keys derived, of others from their sources.
 *
 * @module
 */
import {
  KeyError,
  keyKinds,
  LAB_SCHEME,
  privateOf,
  publicKeyOf,
  schemeOf,
  sourcedKeys,
  standInKeys,
  type KeyedPlan,
  type KeyKind,
} from '../../twin/program/index.js'
import { keyFromCommand } from './command.js'
import { keyFromDirectory } from './directory.js'
import { readKeySources, type KeySource, type KeySources } from './sources.js'

/** Commands that run side by side. */
const SIDE_BY_SIDE = 4

export interface KeyOptions {
  /** 32 octets from which lab keys are derived. */
  readonly seed: Uint8Array
  /** The file that says where others are. */
  readonly sources?: string | undefined
  /** Values that are known, in place of those of sources. */
  readonly given?: ReadonlyMap<string, Uint8Array> | undefined
  /** For commands that are to be given some of it; that of this process unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Every key of a plan. A WireGuard public key whose private key is a key of the plan is computed; nobody is asked for it.
 *
 * @throws {KeyError}
 */
export async function resolveKeys(plan: KeyedPlan, options: KeyOptions): Promise<Map<string, Uint8Array>> {
  const { seed, given = new Map<string, Uint8Array>() } = options
  const isLab = (reference: string) => schemeOf(reference) === LAB_SCHEME
  const derived = standInKeys({ ...plan, keys: plan.keys.filter(isLab) }, seed)
  const values = new Map([...derived, ...given])
  const kinds = keyKinds(plan)
  const asked = sourcedKeys(plan).filter((reference) => !values.has(reference))
  const sources = sourcesOf(asked, options.sources)
  const found = await fromSources(asked, { kinds, sources, options })
  for (const [reference, value] of found) values.set(reference, value)
  for (const reference of plan.keys) {
    const privateKey = values.get(privateOf(reference) ?? '')
    if (!values.has(reference) && privateKey !== undefined) values.set(reference, publicKeyOf(privateKey))
  }
  return new Map(plan.keys.flatMap((reference) => pair(reference, values.get(reference))))
}

function pair(reference: string, value: Uint8Array | undefined): [string, Uint8Array][] {
  return value === undefined ? [] : [[reference, value]]
}

/** Looks whether a file of key sources knows about all keys of a plan; asks for none. @throws {KeyError} */
export function checkKeySources(plan: KeyedPlan, file: string | undefined): void {
  sourcesOf(sourcedKeys(plan), file)
}

function sourcesOf(asked: readonly string[], file: string | undefined): KeySources {
  const sources = file === undefined ? new Map<string, KeySource>() : readKeySources(file)
  const lacking = asked.filter((reference) => !sources.has(schemeOf(reference)))
  const [first] = lacking
  if (first === undefined) return sources
  const scheme = schemeOf(first)
  const count = lacking.filter((reference) => schemeOf(reference) === scheme).length
  throw new KeyError(
    'ZT_KEY_SOURCE',
    `no source is known for ${count === 1 ? `the key ${first}` : `${count} keys, such as ${first}`}`,
    {
      ...(file === undefined ? {} : { where: file }),
      remedy: `say where keys of ${scheme}: are in a file of key sources, and name it by --key-sources or ZTOS_KEY_SOURCES`,
    },
  )
}

interface Asking {
  readonly kinds: ReadonlyMap<string, KeyKind>
  readonly sources: KeySources
  readonly options: KeyOptions
}

async function fromSources(asked: readonly string[], asking: Asking): Promise<Map<string, Uint8Array>> {
  const values = new Map<string, Uint8Array>()
  const rest = [...asked]
  const failure = new AbortController()
  const { signal } = asking.options
  const either = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal])
  const work = async () => {
    for (let reference = rest.shift(); reference !== undefined; reference = rest.shift())
      values.set(reference, await fromSource(reference, asking, either))
  }
  try {
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
  } catch (error) {
    failure.abort(error)
    throw error
  }
  return values
}

async function fromSource(
  reference: string,
  { kinds, sources, options }: Asking,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const [source, kind] = [sources.get(schemeOf(reference)), kinds.get(reference)]
  if (source === undefined || kind === undefined) throw new TypeError(`${reference} is no key of the plan`)
  if ('directory' in source) return keyFromDirectory(source, reference, kind)
  return keyFromCommand(source, reference, kind, { env: options.env ?? process.env, signal })
}
