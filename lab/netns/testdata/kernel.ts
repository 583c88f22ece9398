/**
 * Namespaces by the lines that make and change them, for tests: what the kernel forgets with a device or an address is forgotten here.
 *
 * @module
 */
import type { ChangeScript } from '../change.js'
import type { NetworkScript } from '../script.js'

interface Namespace {
  readonly devices: Set<string>
  /** `device address`. */
  readonly addresses: Set<string>
  /** Settings, by device; MAC and MTU too. */
  readonly settings: Map<string, string>
  /** `device address`, and the MAC. */
  readonly neighbours: Map<string, string>
  /** By prefix. */
  readonly routes: Map<string, string>
  /** Filters, by device. */
  readonly filters: Map<string, string>
}

export class Kernel {
  private readonly namespaces = new Map<string, Namespace>()
  /** The other end of a cable, `namespace device` each. */
  private readonly peers = new Map<string, string>()

  /** All that there is, in an order that does not depend on what was first. */
  get state(): unknown {
    const sorted = (all: Iterable<unknown>) => [...all].map((one) => JSON.stringify(one)).toSorted()
    return [...this.namespaces]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { devices, addresses, settings, neighbours, routes, filters }]) => ({
        name,
        devices: sorted(devices),
        addresses: sorted(addresses),
        settings: sorted(settings),
        neighbours: sorted(neighbours),
        routes: sorted(routes),
        filters: sorted(filters),
        cables: sorted([...this.peers].filter(([end]) => end.startsWith(`${name} `))),
      }))
  }

  make({ create, inside }: NetworkScript): void {
    for (const line of create) this.create(line)
    for (const { namespace, lines } of inside) for (const line of lines) this.inside(namespace, line)
  }

  change({ remove, namespacesGone, make }: ChangeScript): void {
    for (const { namespace, lines } of remove) for (const line of lines) this.ip(namespace, line, true)
    for (const name of namespacesGone) {
      for (const device of this.at(name).devices) this.unplug(name, device)
      this.namespaces.delete(name)
    }
    this.make(make)
  }

  private create(line: string): void {
    const [, added] = /^netns add (\S+)$/.exec(line) ?? []
    if (added !== undefined) {
      if (this.namespaces.has(added)) throw new Error(`${added} is there already`)
      this.namespaces.set(added, {
        devices: new Set(['lo']),
        addresses: new Set(),
        settings: new Map(),
        neighbours: new Map(),
        routes: new Map(),
        filters: new Map(),
      })
      return
    }
    const ends = [...line.matchAll(/(\S+) (?:address (\S+) )?mtu (\d+) netns (\S+)/g)]
    const places = ends.map(([, device = '', mac = '', mtu = '', name = '']) => {
      const { devices, settings } = this.at(name)
      if (devices.has(device)) throw new Error(`${name} has ${device} already`)
      devices.add(device)
      settings.set(`${device} link`, `${mac} ${mtu}`)
      return `${name} ${device}`
    })
    const [a = '', b = ''] = places
    this.peers.set(a, b)
    this.peers.set(b, a)
  }

  private inside(name: string, line: string): void {
    const [word = '', ...rest] = line.split(' ')
    if (word === 'ip') this.ip(name, rest.join(' '), false)
    else if (word === 'tap') this.at(name).devices.add(rest.join(' '))
    else if (word === 'tc') {
      const [, device = ''] = /dev (\S+)/.exec(line) ?? []
      this.need(name, device)
      const { filters } = this.at(name)
      filters.set(device, `${filters.get(device) ?? ''}${line};`)
    } else {
      // `up`, `plain`, and settings of all devices or of one.
      const [, device] = /(?:conf\/|^up |^plain )(\S+?)(?:\/|$)/.exec(line) ?? []
      if (device !== undefined && !['all', 'default', 'lo'].includes(device)) this.need(name, device)
      const { settings } = this.at(name)
      if (device !== undefined && line === `sysctl ipv6/conf/${device}/disable_ipv6 1`) {
        // As if there had never been any.
        for (const key of settings.keys())
          if (device !== 'all' && key.startsWith(`${device} sysctl ipv6/`)) settings.delete(key)
      }
      if (device === 'all' || !line.endsWith('/disable_ipv6 1')) settings.set(`${device ?? ''} ${line}`, '')
    }
  }

  private ip(name: string, line: string, force: boolean): void {
    const space = this.at(name)
    const wants = (is: boolean) => {
      if (!is && !force) throw new Error(`${name}: ${line} fails`)
    }
    const [, what = '', how = '', rest = ''] = /^(\S+) (\S+) (.*)$/.exec(line) ?? []
    const [, device = ''] = / dev (\S+)/.exec(` ${rest}`) ?? []
    switch (`${what} ${how}`) {
      case 'link set': {
        const [, set = '', mac = '', mtu = ''] = /^(\S+) address (\S+) mtu (\d+)/.exec(rest) ?? []
        this.need(name, set)
        space.settings.set(`${set} link`, `${mac} ${mtu}`)
        for (const key of space.neighbours.keys()) if (key.startsWith(`${set} `)) space.neighbours.delete(key)
        break
      }
      case 'link del':
        wants(space.devices.has(rest))
        this.unplug(name, rest)
        break
      case 'addr add':
        this.need(name, device)
        wants(!space.addresses.has(`${device} ${rest.split(' ')[0]}`))
        space.addresses.add(`${device} ${rest.split(' ')[0]}`)
        break
      case 'addr del':
        wants(space.addresses.delete(`${device} ${rest.split(' ')[0]}`))
        // Routes by gateways that were on its subnet.
        for (const [prefix, hops] of space.routes)
          if (hops.includes(`dev ${device}`) && device !== 'lo') space.routes.delete(prefix)
        break
      case 'neigh add':
      case 'neigh replace':
        this.need(name, device)
        space.neighbours.set(`${device} ${rest.split(' ')[0]}`, / lladdr (\S+)/.exec(` ${rest}`)?.[1] ?? '')
        break
      case 'neigh del':
        wants(space.neighbours.delete(`${device} ${rest.split(' ')[0]}`))
        break
      case 'route add': {
        const [prefix = ''] = rest.split(' ')
        wants(!space.routes.has(prefix))
        for (const [, by = ''] of rest.matchAll(/dev (\S+)/g)) this.need(name, by)
        space.routes.set(prefix, rest)
        break
      }
      case 'route del':
        wants(space.routes.delete(rest))
        break
      default:
        throw new Error(`what is ${line}?`)
    }
  }

  /** A device goes, the other end of its cable too, and all that hung on them. */
  private unplug(name: string, device: string): void {
    const peer = this.peers.get(`${name} ${device}`)
    this.forget(name, device)
    if (peer === undefined) return
    const [far = '', end = ''] = peer.split(' ')
    this.peers.delete(peer)
    this.peers.delete(`${name} ${device}`)
    this.forget(far, end)
  }

  private forget(name: string, device: string): void {
    const space = this.namespaces.get(name)
    if (space === undefined) return
    space.devices.delete(device)
    const isOf = (key: string) => key === device || key.startsWith(`${device} `)
    for (const map of [space.addresses, space.settings, space.neighbours, space.filters])
      for (const key of map.keys()) if (isOf(key)) map.delete(key)
    for (const [prefix, hops] of space.routes)
      if (hops.split(' ').includes(device)) space.routes.delete(prefix)
  }

  private need(name: string, device: string): void {
    if (!this.at(name).devices.has(device)) throw new Error(`${name} has no ${device}`)
  }

  private at(name: string): Namespace {
    const found = this.namespaces.get(name)
    if (found === undefined) throw new Error(`there is no ${name}`)
    return found
  }
}
