/** An engine and the vxlan device of a reference VM's kernel, at the two ends of a cable: a host behind the engine, a station in the guest. */
import { z } from 'zod'
import type { ReferenceVm } from '../../../lab/vm/machine.js'
import type { Association } from './macsec-reference.js'
import { macsecLines, newAssociation } from './vm-macsec.js'
import { GUEST_DEVICE, VmPair, type Ping } from './vm-pair.js'
import { engineLines } from './wireguard-cables.js'
import { FAR_MAC, HOST, OUTER, UNDER, type Family } from './wireguard-program.js'

export interface VxlanOptions {
  readonly outer: Family
  /** In the guest: underlay and tenant each in a VRF. */
  readonly vrf: boolean
  readonly checksum: 'zero' | 'compute'
  /** The link beneath is sealed by MACsec. */
  readonly isSealed?: boolean
}

export const VNI = 5001
export const PORT = 4789
export const DSCP = 26
/** In the host's network. */
export const STATION = { 4: '10.1.0.3', 6: 'fd00:1::3' } as const
export const STATION_MAC = '02:00:00:00:05:03'
const [BRIDGE, TUNNEL, SEAL] = [20, 21, 22] as const
const SUITE = 'gcm-aes-128'
const TENANT = 'red'
const Fdb = z.object({
  fdb: z.array(z.looseObject({ mac: z.string(), remote: z.string().optional() })),
})

export class VmVxlan {
  private constructor(
    readonly pair: VmPair,
    private readonly options: VxlanOptions,
  ) {}

  static async open(vm: ReferenceVm | undefined, options: VxlanOptions): Promise<VmVxlan> {
    const engine = newAssociation(SUITE, UNDER.mac, 0)
    const guest = newAssociation(SUITE, FAR_MAC.under, 1)
    const keys = [engine, guest].map((sa) => [referenceOf(sa), Buffer.from(sa.key).toString('hex')])
    const pair = await VmPair.open(vm, {
      engine: {
        program: bridgedProgram(options, engine, guest),
        keys: Object.fromEntries(keys),
        lines: engineLines('underlayVrf'),
      },
      guestLines: [
        `echo 1 > /proc/sys/net/ipv6/conf/${GUEST_DEVICE}/disable_ipv6`,
        ...(options.isSealed === true
          ? macsecLines({
              device: 'macsec0',
              mac: FAR_MAC.under,
              suite: SUITE,
              encrypts: true,
              tag: 'explicit',
              replayWindow: 0,
              tx: [guest],
              rx: [engine],
              mtu: 1600,
            })
          : []),
        ...stationLines(options),
      ],
    })
    await pair.exec('host', ['sh', '-e'], patientNeighbours('h0').join('\n'))
    return new VmVxlan(pair, options)
  }

  /** The guest's from its VRF, if it is in one. @returns whether all were answered */
  async reaches(from: 'host' | 'guest', pings: readonly Ping[]): Promise<boolean> {
    const source = from === 'guest' && this.options.vrf ? { source: TENANT } : {}
    const answers = await this.pair.pings(
      from,
      pings.map((one) => ({ ...one, ...source })),
    )
    return answers.length === pings.length && answers.every((is) => is)
  }

  /** Where the engine has learned that a MAC is. */
  async engineLearned(mac: string): Promise<string | undefined> {
    const { fdb } = Fdb.parse(await this.pair.control('tables'))
    return fdb.find((entry) => entry.mac === mac)?.remote
  }

  /** Lines of what the guest has learned. */
  async guestLearned(): Promise<readonly string[]> {
    return (await this.pair.guest(['bridge fdb show dev vx0'])).trim().split('\n')
  }
}

const referenceOf = ({ sci, an }: Association): string => `lab:macsec/${sci}/${an}`
const length = (family: Family): number => (family === 4 ? 24 : 64)

/** As JSON; the engine reads it by the contract. */
function bridgedProgram(
  { outer, checksum, isSealed }: VxlanOptions,
  tx: Association,
  rx: Association,
): unknown {
  const addresses = [`${OUTER.engine[outer]}/${length(outer)}`]
  const association = (sa: Association) => ({ sci: sa.sci, an: sa.an, key: referenceOf(sa) })
  const port = { ...UNDER, kind: 'port', mtu: 1700, tap: false }
  const seal = {
    id: SEAL,
    name: 'sealed',
    kind: 'macsec',
    vrf: 0,
    lower: UNDER.id,
    mac: UNDER.mac,
    mtu: 1600,
    addresses,
    cipher: SUITE,
    mode: 'strict',
    replayWindow: 0,
    tx: association(tx),
    rx: [association(rx)],
  }
  const under = isSealed === true ? SEAL : UNDER.id
  return {
    format: 'ztos-program',
    version: 1,
    node: 'engine',
    seeds: { ecmp: 1, sourcePort: 2 },
    vrfs: [{ id: 0, name: 'underlay' }],
    interfaces: [
      isSealed === true ? { ...port, addresses: [] } : { ...port, vrf: 0, addresses },
      { ...HOST, kind: 'port', mtu: 1500, tap: false, bridge: BRIDGE, addresses: [] },
      { id: BRIDGE, name: 'bridge', kind: 'bridge', ageing: 300_000_000_000, fdbLimit: 100 },
      {
        id: TUNNEL,
        name: 'vxlan',
        kind: 'vxlan',
        bridge: BRIDGE,
        vni: VNI,
        underlayVrf: 0,
        local: OUTER.engine[outer],
        port: PORT,
        mtu: 1500,
        learning: true,
        ttl: 64,
        dscp: DSCP,
        df: true,
        udpChecksum: checksum,
        remotes: [OUTER.peer[outer]],
      },
      ...(isSealed === true ? [seal] : []),
    ],
    tables: {
      routes: [{ vrf: 0, prefix: outer === 4 ? '192.0.2.0/24' : '2001:db8::/64', connected: under }],
      groups: [],
      neighbours: [{ interface: under, address: OUTER.peer[outer], mac: FAR_MAC.under }],
      fdb: [],
      flood: [{ interface: TUNNEL, remotes: [OUTER.peer[outer]] }],
    },
  }
}

function stationLines({ outer, vrf, checksum, isSealed }: VxlanOptions): string[] {
  const under = isSealed === true ? 'macsec0' : GUEST_DEVICE
  const isOn = checksum === 'compute'
  const sums =
    outer === 4
      ? `${isOn ? '' : 'no'}udpcsum`
      : isOn
        ? 'noudp6zerocsumtx noudp6zerocsumrx'
        : 'udp6zerocsumtx udp6zerocsumrx'
  const inVrf = (name: string, table: number, device: string) =>
    vrf
      ? [
          `ip link add ${name} type vrf table ${table}`,
          `ip link set ${name} up`,
          `ip link set ${device} master ${name}`,
        ]
      : []
  return [
    ...inVrf('under', 10, under),
    `echo ${outer === 6 ? 0 : 1} > /proc/sys/net/ipv6/conf/${under}/disable_ipv6`,
    `ip addr add ${OUTER.peer[outer]}/${length(outer)} dev ${under}${outer === 6 ? ' nodad' : ''}`,
    `ip neigh add ${OUTER.engine[outer]} lladdr ${UNDER.mac} dev ${under} nud permanent`,
    `ip link add vx0 address ${STATION_MAC} type vxlan id ${VNI} local ${OUTER.peer[outer]} remote ${OUTER.engine[outer]} dev ${under} dstport ${PORT} ttl 64 ${sums}`,
    ...inVrf(TENANT, 11, 'vx0'),
    ...patientNeighbours('vx0'),
    'ip link set vx0 mtu 1500 up',
    ...([4, 6] as const).map(
      (family) => `ip addr add ${STATION[family]}/${length(family)} dev vx0${family === 6 ? ' nodad' : ''}`,
    ),
  ]
}

/** Who is asked for an address may take long to answer where much is emulated: more than three times a second. */
function patientNeighbours(device: string): string[] {
  return [4, 6].map((family) => `echo 20 > /proc/sys/net/ipv${family}/neigh/${device}/mcast_solicit`)
}
