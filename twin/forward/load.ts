/**
 * Loads a program: resolves every reference, once, and refuses a program that contradicts itself. What is merely wrong,
 * such as a route to the wrong place, loads: finding that out is what the twin is for.
 *
 * @module
 */
import type { NodeProgram } from '../../contract/program.js'
import { PacketError } from '../packet/errors.js'
import type { Config } from './config.js'
import { ForwardError } from './errors.js'
import type { Keys } from './keys.js'
import { loadInterfaces } from './load-interfaces.js'
import { loadTables } from './load-tables.js'
import { LoadContext } from './load-context.js'
import { tunnelInLoop } from './tunnel-loop.js'

/** @throws {ForwardError} `ZT_PROGRAM_INVALID` or `ZT_KEY_MISSING` */
export function loadProgram(program: NodeProgram, keys: Keys): Config {
  const context = new LoadContext(program, keys)
  try {
    loadInterfaces(context)
    loadTables(context)
    const looping = tunnelInLoop([...context.ofKind('bridge'), ...context.ofKind('wireguard')])
    if (looping !== undefined) {
      context.fail(`interface ${looping.id}`, 'what this sends through its tunnels can come back to it')
    }
  } catch (cause) {
    if (!(cause instanceof PacketError)) throw cause
    // The schema bounds the shape of addresses, not that a prefix has no host bits.
    throw new ForwardError('ZT_PROGRAM_INVALID', program.node, cause.message, {
      remedy: 'correct the program, or the compiler that made it',
      cause,
    })
  }
  return {
    node: program.node,
    seeds: program.seeds,
    resilient: program.resilient ?? false,
    vrfs: context.vrfs,
    interfaces: context.interfaces,
    irbs: context.ofKind('irb'),
    vxlans: context.ofKind('vxlan'),
    bridges: context.ofKind('bridge'),
    macsecs: context.ofKind('macsec'),
    wireguards: context.ofKind('wireguard'),
  }
}
