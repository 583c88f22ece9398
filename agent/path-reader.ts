/**
 * Reads paths as a watch tells them. What is the same in many (`gobgp-paths.ts`) is read once, and is one object in all of them.
 *
 * @module
 */
import {
  isEndOfRib,
  joinPath,
  NO_ATTRIBUTES,
  readAttributes,
  readNlri,
  readPath,
  readSource,
  type PathAttributes,
  type PathNlri,
  type PathSource,
  type ReadContext,
  type ReadPath,
} from './convert.js'
import { tableOf, type ApiPath, type TableName } from './gobgp-api.js'
import type { PathCodec, PathParts } from './gobgp-paths.js'
import { OctetCache } from './octet-cache.js'

/** End-of-RIB marker (RFC 4724 section 2) of a peer. */
export interface EndOfRib {
  readonly neighbour: string
  /** `undefined`: of a family that is not used here. */
  readonly table: TableName | undefined
}
export type Told =
  | { readonly kind: 'path'; readonly path: ReadPath }
  | { readonly kind: 'end-of-rib'; readonly marker: EndOfRib }
  /** What is not used here, or is no path: somebody else's path must not stop the agent. */
  | { readonly kind: 'unreadable' }

/** A part of a path, read; `undefined` where that is not possible. */
interface Part<T> {
  readonly value: T | undefined
}
interface Source {
  readonly source: PathSource
  /** What should have stood before it stands in it. */
  readonly isMixed: boolean
}

/** Of keys there are as many as routes, of attributes a few for each peer; the age of a path, in seconds, is in what is left. */
const [MAX_KEYS, MAX_ATTRIBUTES, MAX_SOURCES] = [16_384, 4_096, 1_024]
const UNREADABLE: Told = { kind: 'unreadable' }

/** What paths have in common whoever told them: agents of one process share it. */
export class PathCaches {
  readonly codec: PathCodec
  readonly unicast = new OctetCache<Part<PathNlri>>(MAX_KEYS)
  readonly evpn = new OctetCache<Part<PathNlri>>(MAX_KEYS)
  readonly attributes = new OctetCache<Part<PathAttributes>>(MAX_ATTRIBUTES)

  constructor(codec: PathCodec) {
    this.codec = codec
  }
}

export class PathReader {
  readonly #caches: PathCaches
  readonly #context: ReadContext
  readonly #sources = new OctetCache<Part<Source>>(MAX_SOURCES)

  constructor(caches: PathCaches, context: ReadContext) {
    this.#caches = caches
    this.#context = context
  }

  /** Never throws. */
  read(octets: Buffer): Told {
    try {
      const { codec } = this.#caches
      const parts = codec.parts(octets)
      return parts === undefined ? this.#whole(codec.path(octets)) : this.#join(octets, parts)
    } catch {
      // Octets that are no message.
      return UNREADABLE
    }
  }

  #join(octets: Buffer, parts: PathParts): Told {
    const { codec, unicast, evpn, attributes } = this.#caches
    const { nlriEnd, attributesEnd } = parts
    if (nlriEnd === 0) return this.#whole(codec.path(octets))
    const rest = this.#sources.get(parts.rest, () =>
      attempt(() => this.#source(codec.path(octets.subarray(attributesEnd)))),
    ).value
    if (rest === undefined) return UNREADABLE
    if (rest.isMixed) return this.#whole(codec.path(octets))
    const { source } = rest
    const keys = source.table === 'evpn' ? evpn : unicast
    const key = keys.get(parts.nlri, () =>
      attempt(() => {
        const { nlri } = codec.path(octets.subarray(0, nlriEnd))
        return nlri === undefined ? undefined : readNlri(source.table, nlri)
      }),
    ).value
    if (key === undefined) return UNREADABLE
    if (source.withdrawn) return { kind: 'path', path: joinPath(source, key, NO_ATTRIBUTES) }
    const told = attributes.get(parts.attributes, () =>
      attempt(() => readAttributes(codec.path(octets.subarray(nlriEnd, attributesEnd)).pattrs ?? [])),
    ).value
    return told === undefined ? UNREADABLE : { kind: 'path', path: joinPath(source, key, told) }
  }

  #source(api: ApiPath): Source | undefined {
    const source = readSource(api, this.#context)
    const isMixed = api.nlri !== undefined || api.pattrs !== undefined
    return source === undefined ? undefined : { source, isMixed }
  }

  #whole(api: ApiPath): Told {
    if (isEndOfRib(api)) {
      const source = readSource(api, this.#context)
      return {
        kind: 'end-of-rib',
        marker: { neighbour: source?.neighbour ?? '', table: tableOf(api.family) },
      }
    }
    const path = readPath(api, this.#context)
    return path === undefined ? UNREADABLE : { kind: 'path', path }
  }
}

/** The codecs say why by throwing. */
function attempt<T>(read: () => T | undefined): Part<T> {
  try {
    return { value: read() }
  } catch {
    return { value: undefined }
  }
}
