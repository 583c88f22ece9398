import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { RibRow } from '../../contract/rib.js'
import { frrCommunities, frrExtended } from './frr-extended.js'
import { frrRib } from './rib-frr.js'
import { controls } from './testdata/fabric.js'

const captured = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`testdata/captured/${name}.json`, import.meta.url), 'utf8'))
const control = controls({ spines: 2, leaves: 3 }).get('spine1')!
const tables = {
  ipv4: captured('frr-ipv4'),
  ipv6: captured('frr-ipv6-empty'),
  evpn: captured('frr-evpn'),
}
const { rows, unread } = frrRib('spine1', control, tables)
const find = (key: string) => rows.find((row) => row.key === key)?.paths

describe('tables of FRR', () => {
  it('are rows of the contract, in order, with nothing left over', () => {
    expect(rows.map((row) => RibRow.parse(row))).toEqual(rows)
    expect(unread).toEqual([])
    expect(rows.map(({ table, key }) => `${table} ${key}`)).toMatchSnapshot()
  })
  it('has its own prefixes, with the MED of 0 that FRR gives them', () => {
    expect(find('10.255.0.101/32')).toEqual([
      {
        from: 'self',
        best: true,
        used: true,
        nextHop: '0.0.0.0',
        asPath: [],
        origin: 'igp',
        med: 0,
        communities: [],
        extended: [],
      },
    ])
  })
})
