/** The program of an engine with one link sealed by MACsec: a host's port, and the port beneath the seal. */
import { isExtended, type Association, type Suite, type Tag } from './macsec-reference.js'
import { FAR_MAC, HOST, INNER, UNDER } from './wireguard-program.js'

/** On the sealed link: of the engine, and of who is at its other end. */
export const SEALED = {
  engine: { 4: '10.9.0.1', 6: 'fd00:9::1' },
  guest: { 4: '10.9.0.2', 6: 'fd00:9::2' },
} as const

export interface SealedLink {
  readonly suite: Suite
  readonly encrypts: boolean
  readonly tag: Tag
  readonly replayWindow: number
  readonly tx: Association
  readonly rx: readonly Association[]
}

const LINK = 10
const TENANT = 1
const families = [4, 6] as const
const withLength = (address: string): string => `${address}/${address.includes(':') ? 64 : 24}`

/** As JSON; the engine reads it by the contract. */
export function sealedProgram(link: SealedLink): unknown {
  const hostAddresses = families.map((family) => withLength(INNER.gateway[family]))
  const mac = FAR_MAC.under
  return {
    format: 'ztos-program',
    version: 1,
    node: 'engine',
    seeds: { ecmp: 1, sourcePort: 2 },
    vrfs: [
      { id: 0, name: 'underlay' },
      { id: TENANT, name: 'tenant' },
    ],
    interfaces: [
      { ...UNDER, kind: 'port', mtu: 1532, tap: false, addresses: [] },
      { ...HOST, kind: 'port', mtu: 1500, tap: false, vrf: TENANT, addresses: hostAddresses },
      macsecInterface(link),
    ],
    tables: {
      routes: [
        ...['10.1.0.0/24', 'fd00:1::/64'].map((prefix) => ({ vrf: TENANT, prefix, connected: HOST.id })),
        ...['10.9.0.0/24', 'fd00:9::/64'].map((prefix) => ({ vrf: TENANT, prefix, connected: LINK })),
      ],
      groups: [],
      neighbours: families.flatMap((family) => [
        { interface: LINK, address: SEALED.guest[family], mac },
        { interface: HOST.id, address: INNER.host[family], mac: FAR_MAC.host },
      ]),
      fdb: [],
      flood: [],
    },
  }
}

/** By reference: the key, and of an XPN suite the salt behind it. */
export function sealedKeys({ tx, rx }: SealedLink): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [tx, ...rx].map((sa) => {
      const octets = [...sa.key, ...(isExtended(sa.suite) ? sa.salt : [])]
      return [referenceOf(sa), Buffer.from(octets).toString('hex')]
    }),
  )
}

function macsecInterface({ suite, encrypts, tag, replayWindow, tx, rx }: SealedLink) {
  return {
    id: LINK,
    name: 'sealed',
    kind: 'macsec',
    vrf: TENANT,
    lower: UNDER.id,
    mac: UNDER.mac,
    mtu: 1500,
    addresses: families.map((family) => withLength(SEALED.engine[family])),
    cipher: suite,
    mode: 'strict',
    ...(encrypts ? {} : { confidentiality: 'none' }),
    ...(tag === 'explicit' ? {} : { tag }),
    replayWindow,
    tx: association(tx),
    rx: rx.map(association),
  }
}

function association(sa: Association) {
  const { sci, an, suite, ssci } = sa
  return { sci, an, key: referenceOf(sa), ...(isExtended(suite) ? { ssci } : {}) }
}

const referenceOf = ({ sci, an }: Association): string => `lab:macsec/${sci}/${an}`
