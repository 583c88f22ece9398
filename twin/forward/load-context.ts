/**
 * What the loaders of a program share: what is loaded so far, and how a fault is told.
 *
 * @module
 */
import type { NodeProgram } from '../../contract/program.js'
import type { AnyInterface, PacketNumber, SecureAssociation, Vrf } from './config.js'
import { ForwardError } from './errors.js'
import { keyOf, type Keys } from './keys.js'
import { RouteTable } from './route-table.js'
import { parseSci } from '../packet/sectag.js'

type OfKind<K extends AnyInterface['kind']> = Extract<AnyInterface, { readonly kind: K }>

export class LoadContext {
  readonly vrfs = new Map<number, Vrf>()
  readonly interfaces = new Map<number, AnyInterface>()
  readonly packetNumbers = new Map<string, PacketNumber>()
  /** Secure associations that the program before had too. */
  keptPacketNumbers = 0

  constructor(
    readonly program: NodeProgram,
    readonly keys: Keys,
    private readonly before: ReadonlyMap<string, PacketNumber>,
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

  /** MACSEC-8: a secure association, with its packet number if it was there before. */
  association(
    interfaceId: number,
    direction: 'tx' | 'rx',
    of: { readonly sci: string; readonly an: number; readonly key: string },
  ): SecureAssociation {
    const where = `interface ${interfaceId}`
    const name = `${interfaceId} ${direction} ${of.sci} ${of.an} ${of.key}`
    if (this.packetNumbers.has(name)) this.fail(where, `${direction} SA ${of.sci} AN ${of.an} is there twice`)
    const kept = this.before.get(name)
    if (kept !== undefined) this.keptPacketNumbers++
    const pn = { next: kept?.next ?? 1 }
    this.packetNumbers.set(name, pn)
    const sak = keyOf(this.keys, of.key, `${this.program.node}: ${where}`)
    return { sci: parseSci(of.sci), an: of.an, key: of.key, sak, pn }
  }
}
