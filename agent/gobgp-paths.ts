/**
 * Paths of a watch, found in an event and cut into the parts that come again, without being read: of ten thousand routes of one peer
 * all have the same attributes and the same source, and only their NLRI is their own.
 *
 * @module
 */
import { AgentError } from './errors.js'
import type { ApiPath, ApiPeerEvent } from './gobgp-api.js'
import type { Service } from './gobgp-service.js'
import { contentAt, messageTag } from './gobgp-wire.js'

/** An event as it came: a peer, or paths that are still to be read. */
export interface WatchEvent {
  readonly peer?: ApiPeerEvent
  /** Of `api.Path`. They lie in the octets of the event, which are kept as long as one of them is. */
  readonly paths?: readonly Buffer[]
}

/** What octets of an `api.Path` say, as texts of Latin-1 that are equal when the octets are. */
export interface PathParts {
  readonly nlri: string
  /** Without the NLRI that MP_REACH_NLRI repeats (RFC 4760 section 3). */
  readonly attributes: string
  /** Everything else: whose it is, since when, whether it is withdrawn. */
  readonly rest: string
  /** Where the parts stand in the octets. */
  readonly nlriEnd: number
  readonly attributesEnd: number
}

export interface PathCodec {
  /** @throws RangeError for octets that are no event */
  event(octets: Buffer): WatchEvent
  /** `undefined` where the parts do not stand in the order of their numbers, as GoBGP writes them. @throws RangeError */
  parts(octets: Buffer): PathParts | undefined
  /** Of a whole path, or of parts of one. */
  path(octets: Buffer): ApiPath
}

const EVENT = 'api.WatchEventResponse'
const PATH = 'api.Path'

/** @throws AgentError `ZT_AGENT_CONFIG` when the description is not that of a GoBGP 4 */
export function pathCodec(service: Service): PathCodec {
  const event = service.message(EVENT)
  const path = service.message(PATH)
  const tags = {
    table: tagOf(service, EVENT, 'table'),
    paths: tagOf(service, `${EVENT}.TableEvent`, 'paths'),
    nlri: tagOf(service, PATH, 'nlri'),
    attributes: tagOf(service, PATH, 'pattrs'),
    reach: tagOf(service, 'api.Attribute', 'mpReach'),
    reached: tagOf(service, 'api.MpReachNLRIAttribute', 'nlris'),
  }
  return {
    event: (octets) =>
      octets[0] === tags.table ? { paths: pathsOf(octets, tags.paths) } : event.deserialize(octets),
    parts: (octets) => partsOf(octets, tags),
    path: (octets) => path.deserialize(octets),
  }
}

function tagOf(service: Service, message: string, name: string): number {
  const number = service.message(message).numberOf(name)
  const tag = number === undefined ? undefined : messageTag(number)
  if (tag !== undefined) return tag
  throw new AgentError('ZT_AGENT_CONFIG', `the description of ${message} has no ${name} that can be told`, {
    remedy: 'give the folder of the .proto files that come with GoBGP 4.8',
  })
}

function pathsOf(octets: Buffer, tag: number): readonly Buffer[] {
  const { from, to } = contentAt(octets, 0, octets.length)
  if (to !== octets.length) throw new RangeError('there is more in an event than a table')
  const paths: Buffer[] = []
  for (let at = from; at < to;) {
    if (octets[at] !== tag) throw new RangeError('there is something else than a path in a table event')
    const path = contentAt(octets, at, to)
    paths.push(octets.subarray(path.from, path.to))
    at = path.to
  }
  return paths
}

interface PathTags {
  readonly nlri: number
  readonly attributes: number
  readonly reach: number
  readonly reached: number
}

function partsOf(octets: Buffer, tags: PathTags): PathParts | undefined {
  const end = octets.length
  let at = 0
  if (octets[at] === tags.nlri) at = contentAt(octets, at, end).to
  const nlriEnd = at
  // The NLRI in the attributes is left out of their text, and where it stood is said instead: so texts are equal only for equal octets.
  let attributes = ''
  let kept = at
  while (octets[at] === tags.attributes) {
    const attribute = contentAt(octets, at, end)
    if (octets[attribute.from] === tags.reach) {
      const cut = reachedAt(octets, attribute.from, attribute.to, tags.reached)
      if (cut === undefined) return undefined
      attributes += `${octets.toString('latin1', kept, cut)}\u{ffff}${cut - kept},`
      kept = attribute.to
    }
    at = attribute.to
  }
  attributes += octets.toString('latin1', kept, at)
  return {
    nlri: octets.toString('latin1', 0, nlriEnd),
    attributes,
    rest: octets.toString('latin1', at, end),
    nlriEnd,
    attributesEnd: at,
  }
}

/** Where the NLRIs of an MP_REACH_NLRI begin; they must stand last. `undefined` where they do not. */
function reachedAt(octets: Buffer, from: number, end: number, tag: number): number | undefined {
  const reach = contentAt(octets, from, end)
  if (reach.to !== end) return undefined
  let at = reach.from
  while (at < end && octets[at] !== tag) at = contentAt(octets, at, end).to
  const cut = at
  while (at < end) {
    if (octets[at] !== tag) return undefined
    at = contentAt(octets, at, end).to
  }
  return cut
}
