/**
 * `ztos trace`.
 *
 * @module
 */
import { ExitStatus } from '../../record/exit-status.js'
import { viewOf } from '../../sdk/fabric-view.js'
import { controlPlaneOf } from '../../twin/fabric-control.js'
import { formatWalk, trace, walkToJson, walkToPcapng, type Walk } from '../../twin/forward/index.js'
import { findTraceId, fromHex } from '../../twin/packet/index.js'
import type { FabricInjection } from '../../twin/forward/index.js'
import { CliError } from '../errors.js'
import { compileFile } from '../fabric-input.js'
import type { Invocation, Run } from '../invocation.js'
import { writeOutput } from '../output-file.js'
import { frameTo, hostNamed, parseDestination, parseProtocol } from '../trace-frame.js'
import type { FabricView } from '../../sdk/fabric-view.js'

type Options = Invocation<'trace'>['options']

/** What is sent, and what teaches the nodes before. */
interface Injections {
  readonly sent: FabricInjection
  readonly before: readonly FabricInjection[]
}

export const run: Run<'trace'> = ({ arguments: { file }, options }) => {
  const plan = compileFile(file)
  const { sent, before } = injections(viewOf(plan), file, options)
  const walk = trace(plan, sent, { before, controlPlane: controlPlaneOf(plan) })
  if (options.pcap !== undefined) writeOutput(options.pcap, walkToPcapng(walk))
  const outcome = outcomeOf(walk)
  return {
    exit: ExitStatus.Holds,
    json: () => ({ format: 'ztos-trace', version: 1, ...outcome, walk: walkToJson(walk) }),
    text: () => `${formatWalk(walk)}\n${outcomeText(outcome)}`,
  }
}

function injections(fabric: FabricView, file: string, options: Options): Injections {
  const from = hostNamed(fabric, options.from, file)
  const at = { host: from.id }
  if (options.frame !== undefined) {
    if (options.to !== undefined || options.warm) {
      throw new CliError('ZT_CLI_USAGE', '--frame is the whole frame: it leaves nothing to --to and --warm', {
        remedy: 'leave them out',
      })
    }
    return { sent: { trace: 1, at, frame: frameFromHex(options.frame) }, before: [] }
  }
  if (options.to === undefined) {
    throw new CliError('ZT_CLI_USAGE', 'nothing says where the frame goes', {
      remedy: 'give --to HOST, or --frame HEX',
    })
  }
  const to = parseDestination(fabric, options.to, file)
  const request = {
    ...parseProtocol(options.proto),
    ...(options.ipv6 ? { family: 6 as const } : {}),
    size: options.size,
    ttl: options.ttl,
  }
  const there: FabricInjection = { trace: 1, at, frame: frameTo({ ...request, from, to }) }
  if (!options.warm) return { sent: there, before: [] }
  const back =
    typeof to === 'object'
      ? [{ trace: 2, at: { host: to.id }, frame: frameTo({ ...request, from: to, to: from }) }]
      : []
  return { sent: there, before: [there, ...back] }
}

function frameFromHex(text: string): Uint8Array {
  const frame = fromHex(text)
  if (frame.length >= 14) return frame
  throw new CliError('ZT_CLI_INPUT', `${frame.length} octets are no Ethernet frame`, {
    where: '--frame',
    remedy: 'give destination, source and EtherType at least: 14 octets',
  })
}

/** What became of the frame, in short. */
interface Outcome {
  /** Hosts which it was for and which got it, or an answer to it. */
  readonly arrived: readonly string[]
  /** Hosts which it reached although it was for another. */
  readonly overheard: readonly string[]
  /** Of its copies, and of frames that it caused. */
  readonly fates: readonly { readonly node: string; readonly fate: string; readonly clause: string }[]
}

function outcomeOf({ frame, hops }: Walk): Outcome {
  // A frame without a mark cannot be told from what it caused, such as a question for a neighbour.
  const mark = findTraceId(frame)?.trace
  const hosts = hops.flatMap((hop) =>
    hop.kind === 'host' && hop.answered === undefined && findTraceId(hop.frame)?.trace === mark ? [hop] : [],
  )
  return {
    arrived: hosts.filter(({ foreign }) => !foreign).map(({ host }) => host),
    overheard: hosts.filter(({ foreign }) => foreign).map(({ host }) => host),
    fates: hops.flatMap((hop) =>
      hop.kind === 'host'
        ? []
        : hop.events.flatMap((event) =>
            event.kind === 'fate' ? [{ node: hop.node, fate: event.fate, clause: event.clause }] : [],
          ),
    ),
  }
}

function outcomeText({ arrived, overheard, fates }: Outcome): string {
  return [
    arrived.length === 0 ? 'arrived nowhere' : `arrived at ${arrived.join(', ')}`,
    ...(overheard.length === 0 ? [] : [`overheard by ${overheard.join(', ')}`]),
    ...fates.map(({ node, fate, clause }) => `${node}: ${fate} (${clause})`),
    '',
  ].join('\n')
}
