/**
 * What the loaders of a program share: what is loaded so far, and how a fault is told.
 *
 * @module
 */
import type { NodeProgram } from '../../contract/program.js'
import type { AnyInterface, Vrf } from './config.js'
import { ForwardError } from './errors.js'
import type { Keys } from './keys.js'
import { RouteTable } from './route-table.js'

type OfKind<K extends AnyInterface['kind']> = Extract<AnyInterface, { readonly kind: K }>

export class LoadContext {
  readonly vrfs = new Map<number, Vrf>()
  readonly interfaces = new Map<number, AnyInterface>()

  constructor(
    readonly program: NodeProgram,
    readonly keys: Keys,
  ) {
    for (const { id, name } of program.vrfs) {
      if (this.vrfs.has(id)) this.fail(`vrf ${id}`, 'is there twice')
      this.vrfs.set(id, {
        id,
        name,
        interfaces: [],
        own4: new Set(),
        own6: new RouteTable<true>(16),
        gateways: new Set(),
        routes4: new RouteTable(4),
        routes6: new RouteTable(16),
      })
    }
  }

  /** @throws {ForwardError} `ZT_PROGRAM_INVALID` */
  fail(where: string, what: string): never {
    throw new ForwardError('ZT_PROGRAM_INVALID', `${this.program.node}: ${where}`, what, {
      remedy: 'correct the program, or the compiler that made it',
    })
  }

  vrf(id: number, where: string): Vrf {
    return this.vrfs.get(id) ?? this.fail(where, `VRF ${id} does not exist`)
  }

  /** Interfaces of a kind, in interface order. */
  ofKind<K extends AnyInterface['kind']>(kind: K): OfKind<K>[] {
    return [...this.interfaces.values()].filter((one): one is OfKind<K> => one.kind === kind)
  }

  /** An interface that is of one of these kinds. */
  find<K extends AnyInterface['kind']>(id: number, kinds: readonly K[], where: string): OfKind<K> {
    const found = this.interfaces.get(id)
    if (found === undefined) return this.fail(where, `interface ${id} does not exist`)
    const isOne = (one: AnyInterface): one is OfKind<K> => kinds.some((kind) => kind === one.kind)
    return isOne(found)
      ? found
      : this.fail(where, `interface ${id} is a ${found.kind}, not a ${kinds.join(' or a ')}`)
  }
}
