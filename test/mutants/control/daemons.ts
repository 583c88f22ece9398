/**
 * Wrong daemons: lines of a running FRR's configuration changed, as a hand might that does not know the plan.
 *
 * @module
 */

/** Lines for its configuration mode, `end` at the end of each list left out. */
interface Lines {
  readonly wrong: readonly string[]
  readonly right: readonly string[]
}

export interface DaemonMutant {
  readonly id: string
  readonly clause: string
  readonly meaning: string
  readonly node: string
  /** @param running the configuration as it runs, line by line */
  readonly lines: (running: readonly string[]) => Lines
}

export const daemonMutants: readonly DaemonMutant[] = [
  {
    id: 'daemon-next-hop-self',
    clause: 'BGP-3',
    meaning: 'the next hop of EVPN routes becomes the spine',
    node: 'spine1',
    lines: (running) => {
      const where = [routerOf(running), 'address-family l2vpn evpn']
      const peers = familyOf(running, 'l2vpn evpn').flatMap(
        (line) => /^neighbor (\S+) activate$/.exec(line)?.[1] ?? [],
      )
      return {
        wrong: [...where, ...peers.map((peer) => `no neighbor ${peer} attribute-unchanged next-hop`)],
        right: [...where, ...peers.map((peer) => `neighbor ${peer} attribute-unchanged next-hop`)],
      }
    },
  },
  {
    id: 'daemon-one-path',
    clause: 'BGP-8',
    meaning: 'one path is used at most',
    node: 'spine1',
    lines: (running) => replaced(running, 'ipv4 unicast', /^maximum-paths \d+$/, () => 'maximum-paths 1'),
  },
  {
    id: 'daemon-paths-of-one-as',
    clause: 'BGP-8',
    meaning: 'paths of one neighbouring AS alone are used together',
    node: 'spine1',
    lines: (running) => inRouter(running, 'bgp bestpath as-path multipath-relax'),
  },
  {
    id: 'daemon-med-across-ases',
    clause: 'BGP-7',
    meaning: 'MEDs of several neighbouring ASes are compared',
    node: 'spine1',
    lines: (running) => ({
      wrong: [routerOf(running), 'bgp always-compare-med'],
      right: [routerOf(running), 'no bgp always-compare-med'],
    }),
  },
  {
    id: 'daemon-policy-missing',
    clause: 'BGP-5',
    meaning: 'a session has no import policy',
    node: 'spine1',
    lines: (running) =>
      inFamily(running, 'ipv4 unicast', (lines) =>
        lines.filter((line) => / route-map from-\S+ in$/.test(line)),
      ),
  },
  {
    id: 'daemon-loopback-unannounced',
    clause: 'BGP-3',
    meaning: "the node's own prefix is not announced",
    node: 'spine2',
    lines: (running) =>
      inFamily(running, 'ipv4 unicast', (lines) => lines.filter((line) => line.startsWith('network '))),
  },
  {
    id: 'daemon-prefix-off-by-one',
    clause: 'BGP-5',
    meaning: 'a length of a prefix list is off by one',
    node: 'spine1',
    lines: (running) => {
      const line = one(running, /^ip prefix-list \S+ seq \d+ permit 10\.78\.0\.0\/16 ge 24/)
      return {
        wrong: [`no ${line}`, line.replace('ge 24', 'ge 25')],
        right: [`no ${line.replace('ge 24', 'ge 25')}`, line],
      }
    },
  },
  {
    id: 'daemon-preference-unset',
    clause: 'BGP-5',
    meaning: 'a route map sets no local preference',
    node: 'spine1',
    lines: (running) => inRouteMap(running, /^ set local-preference 120$/),
  },
  {
    id: 'daemon-community-unset',
    clause: 'BGP-5',
    meaning: 'a route map adds no community',
    node: 'spine1',
    lines: (running) => inRouteMap(running, /^ set community 65000:24 additive$/),
  },
]

/** The first line that matches. @throws when there is none */
function one(running: readonly string[], pattern: RegExp): string {
  const found = running.find((line) => pattern.test(line))
  if (found === undefined) throw new Error(`no line of the configuration matches ${pattern.source}`)
  return found
}

function routerOf(running: readonly string[]): string {
  return one(running, /^router bgp \d+$/)
}

function inRouter(running: readonly string[], line: string): Lines {
  const router = routerOf(running)
  one(running, new RegExp(`^ ${line}$`))
  return { wrong: [router, `no ${line}`], right: [router, line] }
}

/** Lines of an address family, without their indentation. */
function familyOf(running: readonly string[], family: string): readonly string[] {
  const begin = running.indexOf(` address-family ${family}`)
  if (begin < 0) throw new Error(`the configuration has no address family ${family}`)
  const end = running.indexOf(' exit-address-family', begin)
  return running.slice(begin + 1, end).map((line) => line.trim())
}

/** Without some lines of an address family. */
function inFamily(
  running: readonly string[],
  family: string,
  choose: (lines: readonly string[]) => readonly string[],
): Lines {
  const chosen = choose(familyOf(running, family))
  if (chosen.length === 0) throw new Error(`the address family ${family} has no such lines`)
  const where = [routerOf(running), `address-family ${family}`]
  return { wrong: [...where, ...chosen.map((line) => `no ${line}`)], right: [...where, ...chosen] }
}

/** With another line in an address family. */
function replaced(
  running: readonly string[],
  family: string,
  pattern: RegExp,
  change: (line: string) => string,
): Lines {
  const line = one(familyOf(running, family), pattern)
  const where = [routerOf(running), `address-family ${family}`]
  return { wrong: [...where, change(line)], right: [...where, line] }
}

/** Without a line of a route map. */
function inRouteMap(running: readonly string[], pattern: RegExp): Lines {
  const line = one(running, pattern)
  const map = running.slice(0, running.indexOf(line)).findLast((before) => before.startsWith('route-map '))
  if (map === undefined) throw new Error(`${line} stands in no route map`)
  return { wrong: [map, `no ${line.trim().replace(/^(set \S+).*$/, '$1')}`], right: [map, line.trim()] }
}
