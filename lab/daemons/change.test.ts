import { describe, expect, it } from 'vitest'
import type { NodeControl } from '../../contract/control-plane.js'
import { daemonChange } from './change.js'
import type { Controlled } from './files.js'
import { controls } from './testdata/fabric.js'

const nodesOf = (all: ReadonlyMap<string, NodeControl>): Controlled[] =>
  [...all].map(([node, control]) => ({ node, control }))
const changeOf = (name: string, before: readonly Controlled[], after: readonly Controlled[]) => {
  const [was, is] = [before, after].map((all) => all.find(({ node }) => node === name))
  if (was === undefined || is === undefined) throw new TypeError(name)
  return daemonChange([was, before], [is, after])
}
const [two, three] = [2, 3].map((leaves) => nodesOf(controls({ spines: 1, leaves })))
const edited = (edit: (control: NodeControl) => NodeControl) =>
  two!.map(({ node, control }) => ({ node, control: edit(control) }))

describe('[T02] from one configuration of daemons to another', () => {
  it('is nothing where files are the same', () => {
    expect(changeOf('spine1', two!, two!)).toEqual({ how: 'none' })
    // A leaf hears nothing of another one.
    expect(changeOf('leaf1', two!, three!)).toEqual({ how: 'none' })
  })

  it('a neighbour more is told to bgpd, each line where it stands in the file', () => {
    const change = changeOf('spine1', two!, three!)
    expect(change).toMatchObject({ how: 'told', what: ['neighbour 10.254.0.64'] })
    const commands = change.how === 'told' ? change.commands : []
    expect(commands[0]).toBe('router bgp 65000')
    expect(commands[1]).toBe('neighbor 10.254.0.64 remote-as 65003')
    const families = commands.flatMap((command, index) =>
      command.startsWith('address-family') ? [[command, commands[index + 1]]] : [],
    )
    expect(families).toEqual([
      ['address-family ipv4 unicast', 'neighbor 10.254.0.64 activate'],
      ['address-family l2vpn evpn', 'neighbor 10.254.0.64 activate'],
    ])
    expect(commands.filter((command) => command === 'exit-address-family')).toHaveLength(2)
    expect(commands.filter((command) => !command.includes('10.254.0.64'))).toHaveLength(5)
  })

  it('a neighbour less is removed, and no other is spoken of', () => {
    expect(changeOf('spine1', three!, two!)).toEqual({
      how: 'told',
      what: ['no neighbour 10.254.0.64'],
      commands: ['router bgp 65000', 'no neighbor 10.254.0.64'],
    })
  })

  it('a neighbour that is otherwise is removed and told anew', () => {
    const other = edited((control) => ({
      ...control,
      sessions: control.sessions.map((session) =>
        session.peer === 'leaf2' ? { ...session, maximumPrefixes: 9 } : session,
      ),
    }))
    const change = changeOf('spine1', two!, other)
    const commands = change.how === 'told' ? change.commands : []
    expect(commands.slice(0, 2)).toEqual(['router bgp 65000', 'no neighbor 10.254.0.32'])
    expect(commands).toContain('neighbor 10.254.0.32 maximum-prefix 9')
  })

  it.each<[string, (control: NodeControl) => NodeControl, string[]]>([
    ['what holds for all sessions', (control) => ({ ...control, holdTime: 30 }), ['bgpd.conf']],
    [
      'BFD, for which a daemon more runs',
      (control) => ({
        ...control,
        sessions: control.sessions.map((session) => ({ ...session, bfd: { interval: 100, multiplier: 3 } })),
      }),
      ['bgpd.conf', 'bfdd.conf'],
    ],
  ])('%s is for daemons that begin anew', (_, edit, files) => {
    expect(changeOf('spine1', two!, edited(edit))).toEqual({ how: 'anew', what: files })
  })

  it('GoBGP begins anew whatever is otherwise', () => {
    const other = edited((control) => ({ ...control, holdTime: 30 }))
    expect(changeOf('leaf1', two!, other)).toEqual({
      how: 'anew',
      what: ['gobgpd.toml', 'gobgpd-anew.toml'],
    })
  })
})
