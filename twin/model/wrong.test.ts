import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseFabric, type Problem } from './index.js'

const folder = new URL('testdata/wrong/', import.meta.url)

/** File under testdata/wrong and each of its problems: code, line and column. */
const wrong: readonly (readonly [file: string, ...problems: string[]])[] = [
  ['address-multicast', 'ZT_FABRIC_ADDRESS 20:46'],
  ['address-syntax', 'ZT_FABRIC_ADDRESS 20:46'],
  ['asn-clash', 'ZT_FABRIC_ASN_CLASH 11:29'],
  ['asn-exhausted', 'ZT_FABRIC_POOL_EXHAUSTED 7:33'],
  ['asn-range-holds-spines', 'ZT_FABRIC_ASN_CLASH 7:33'],
  ['asn-reserved', 'ZT_FABRIC_ASN 7:18'],
  ['asn-shared', 'ZT_FABRIC_ASN_CLASH 10:33'],
  ['empty', 'ZT_FABRIC_TYPE 1:1'],
  ['gateway-is-broadcast', 'ZT_FABRIC_SUBNET 20:46'],
  ['gateway-is-network-address', 'ZT_FABRIC_SUBNET 20:46'],
  ['gateway-length', 'ZT_FABRIC_SUBNET 20:46'],
  ['gateway-on-some', 'ZT_FABRIC_UNSUPPORTED 28:60'],
  ['gateway-without', 'ZT_FABRIC_PLACE 28:68'],
  ['gateways-overlap', 'ZT_FABRIC_SUBNET_CLASH 20:45'],
  ['gateways-same-family', 'ZT_FABRIC_UNSUPPORTED 20:59'],
  ['host-address-clash', 'ZT_FABRIC_ADDRESS_CLASH 25:47'],
  ['host-addresses-of-a-range', 'ZT_FABRIC_ADDRESS_CLASH 24:51'],
  ['host-is-gateway', 'ZT_FABRIC_HOST_ADDRESS 24:47'],
  ['host-mac-clash', 'ZT_FABRIC_MAC_CLASH 25:43'],
  ['host-mac-group', 'ZT_FABRIC_MAC 24:43'],
  ['host-mac-own', 'ZT_FABRIC_MAC 24:43'],
  ['host-named-as-network', 'ZT_FABRIC_NAME_CLASH 24:7'],
  ['host-on-spine', 'ZT_FABRIC_ROLE 24:18'],
  ['host-outside-subnet', 'ZT_FABRIC_HOST_ADDRESS 24:47'],
  ['host-unknown-leaf', 'ZT_FABRIC_UNKNOWN_NAME 24:18'],
  ['host-unknown-network', 'ZT_FABRIC_UNKNOWN_NAME 24:34'],
  ['host-where-network-is-not', 'ZT_FABRIC_PLACE 24:18'],
  ['intent-across-tenants', 'ZT_FABRIC_INTENT_CONTRADICTION 33:20'],
  ['intent-itself', 'ZT_FABRIC_INTENT_NO_HOSTS 33:20'],
  ['intent-latency-network', 'ZT_FABRIC_INTENT 35:32'],
  ['intent-latency-two-bounds', 'ZT_FABRIC_INTENT 35:24'],
  ['intent-latency-unit', 'ZT_FABRIC_VALUE 35:63'],
  ['intent-names-nothing', 'ZT_FABRIC_UNKNOWN_NAME 33:42'],
  ['intent-no-link', 'ZT_FABRIC_UNKNOWN_NAME 34:36'],
  ['intent-other-seal', 'ZT_FABRIC_INTENT_CONTRADICTION 34:57'],
  ['intent-port', 'ZT_FABRIC_VALUE 33:58'],
  ['intent-rate-zero', 'ZT_FABRIC_VALUE 35:74'],
  ['intent-survive-nothing', 'ZT_FABRIC_INTENT 36:23'],
  ['intent-survive-too-many', 'ZT_FABRIC_INTENT_CONTRADICTION 36:32'],
  ['intent-survive-unknown', 'ZT_FABRIC_UNKNOWN_NAME 36:50'],
  ['intent-two-kinds', 'ZT_FABRIC_INTENT 34:3'],
  ['key-not-a-name', 'ZT_FABRIC_VALUE 12:37'],
  ['key-outside', 'ZT_FABRIC_VALUE 12:37'],
  ['key-value', 'ZT_FABRIC_VALUE 12:37'],
  ['l3vni-missing', 'ZT_FABRIC_L3VNI 16:3'],
  ['link-glob-nothing', 'ZT_FABRIC_UNKNOWN_NAME 14:30'],
  ['link-leaf-leaf', 'ZT_FABRIC_ROLE 14:5'],
  ['link-twice', 'ZT_FABRIC_LINK_CLASH 15:5'],
  ['link-unknown-node', 'ZT_FABRIC_UNKNOWN_NAME 14:13'],
  ['link-unknown-seal', 'ZT_FABRIC_UNKNOWN_NAME 14:50'],
  [
    'many',
    'ZT_FABRIC_UNKNOWN_KEY 4:3',
    'ZT_FABRIC_VALUE 10:22',
    'ZT_FABRIC_VALUE 20:28',
    'ZT_FABRIC_VNI_CLASH 28:29',
    'ZT_FABRIC_VALUE 35:63',
  ],
  ['missing-key', 'ZT_FABRIC_MISSING_KEY 20:7'],
  ['missing-underlay', 'ZT_FABRIC_MISSING_KEY 1:1'],
  ['mtu-host', 'ZT_FABRIC_MTU 24:43'],
  ['mtu-ipv4', 'ZT_FABRIC_MTU 19:7', 'ZT_FABRIC_MTU 20:7', 'ZT_FABRIC_MTU 28:7'],
  ['mtu-ipv6', 'ZT_FABRIC_MTU 19:7', 'ZT_FABRIC_MTU 20:7', 'ZT_FABRIC_MTU 28:7'],
  ['mtu-ipv6-inside', 'ZT_FABRIC_MTU 19:41'],
  ['mtu-network', 'ZT_FABRIC_MTU 20:35'],
  ['mtu-sealed-port', 'ZT_FABRIC_MTU 4:8'],
  ['mtu-wireguard-port', 'ZT_FABRIC_MTU 4:8'],
  ['name-reserved', 'ZT_FABRIC_NAME_CLASH 25:3'],
  ['name-too-long', 'ZT_FABRIC_NAME 24:7'],
  ['name-two-hyphens', 'ZT_FABRIC_NAME 24:7'],
  ['name-upper-case', 'ZT_FABRIC_NAME 16:3'],
  ['network-at-map', 'ZT_FABRIC_TYPE 20:64', 'ZT_FABRIC_TYPE 22:19', 'ZT_FABRIC_TYPE 30:19'],
  ['network-nowhere', 'ZT_FABRIC_PLACE 20:7'],
  ['network-without-subnet', 'ZT_FABRIC_MISSING_KEY 20:7'],
  ['no-common-spine', 'ZT_FABRIC_NO_PATH 17:3', 'ZT_FABRIC_NO_PATH 26:3'],
  ['node-named-as-key', 'ZT_FABRIC_NAME_CLASH 16:5'],
  ['node-twice', 'ZT_FABRIC_NAME_CLASH 11:3'],
  ['pool-families', 'ZT_FABRIC_FAMILY 6:10'],
  ['pool-host-bits', 'ZT_FABRIC_ADDRESS 5:14'],
  ['pool-links-exhausted', 'ZT_FABRIC_POOL_EXHAUSTED 6:10'],
  ['pool-loopbacks-exhausted', 'ZT_FABRIC_POOL_EXHAUSTED 5:14'],
  ['pool-overlap', 'ZT_FABRIC_POOL 6:10'],
  ['range-backwards', 'ZT_FABRIC_RANGE 10:3'],
  ['range-huge', 'ZT_FABRIC_TOO_MANY 10:3'],
  ['range-malformed', 'ZT_FABRIC_RANGE 14:13'],
  ['seal-both', 'ZT_FABRIC_UNKNOWN_KEY 12:32'],
  ['seal-keepalive', 'ZT_FABRIC_TYPE 12:54'],
  ['seal-neither', 'ZT_FABRIC_MISSING_KEY 12:3'],
  ['seal-no-map', 'ZT_FABRIC_TYPE 12:9'],
  ['seal-of-the-other', 'ZT_FABRIC_UNKNOWN_KEY 12:28'],
  ['seal-port', 'ZT_FABRIC_VALUE 12:49'],
  ['seal-window', 'ZT_FABRIC_VALUE 12:50'],
  ['seal-wireguard-cipher', 'ZT_FABRIC_TYPE 12:22'],
  ['subnet-exhausted', 'ZT_FABRIC_POOL_EXHAUSTED 20:7'],
  ['subnet-not-the-gateways', 'ZT_FABRIC_SUBNET 20:43'],
  ['type-links', 'ZT_FABRIC_TYPE 14:3'],
  ['type-mtu', 'ZT_FABRIC_TYPE 4:8'],
  ['unknown-key', 'ZT_FABRIC_UNKNOWN_KEY 4:3'],
  ['unknown-role', 'ZT_FABRIC_VALUE 10:22'],
  ['unknown-top-key', 'ZT_FABRIC_UNKNOWN_KEY 32:1'],
  ['unsupported-ipsec', 'ZT_FABRIC_UNSUPPORTED 12:11'],
  ['unsupported-tier', 'ZT_FABRIC_UNSUPPORTED 9:23'],
  ['unsupported-two-leaves', 'ZT_FABRIC_UNSUPPORTED 24:18'],
  ['value-cipher', 'ZT_FABRIC_VALUE 12:19'],
  ['value-mtu-fraction', 'ZT_FABRIC_VALUE 4:8'],
  ['value-version', 'ZT_FABRIC_VALUE 1:7'],
  ['value-vlan-zero', 'ZT_FABRIC_VALUE 20:19'],
  ['value-vni-large', 'ZT_FABRIC_VALUE 20:28'],
  ['vlan-clash', 'ZT_FABRIC_VLAN_CLASH 20:19'],
  ['vni-clash', 'ZT_FABRIC_VNI_CLASH 28:29'],
  ['vni-clash-l3', 'ZT_FABRIC_VNI_CLASH 26:12'],
  ['yaml-alias', 'ZT_FABRIC_YAML_ALIAS 4:8'],
  [
    'yaml-alias-bomb',
    'ZT_FABRIC_UNKNOWN_KEY 1:1',
    'ZT_FABRIC_YAML_ALIAS 1:7',
    'ZT_FABRIC_UNKNOWN_KEY 2:1',
    'ZT_FABRIC_YAML_ALIAS 2:7',
    'ZT_FABRIC_YAML_ALIAS 2:8',
    'ZT_FABRIC_YAML_ALIAS 2:12',
    'ZT_FABRIC_UNKNOWN_KEY 3:1',
    'ZT_FABRIC_YAML_ALIAS 3:5',
    'ZT_FABRIC_YAML_ALIAS 3:9',
  ],
  ['yaml-deep', 'ZT_FABRIC_YAML_DEPTH 1:31'],
  ['yaml-directive', 'ZT_FABRIC_YAML_TAG 1:1'],
  ['yaml-duplicate-key', 'ZT_FABRIC_YAML_DUPLICATE_KEY 23:7'],
  ['yaml-list', 'ZT_FABRIC_TYPE 1:1'],
  ['yaml-merge-key', 'ZT_FABRIC_YAML_ALIAS 10:16'],
  ['yaml-number-key', 'ZT_FABRIC_YAML_KEY 20:7'],
  ['yaml-tab', 'ZT_FABRIC_YAML_TAB 4:1'],
  ['yaml-tag', 'ZT_FABRIC_YAML_TAG 4:14'],
  ['yaml-two-documents', 'ZT_FABRIC_YAML_DOCUMENTS 37:1'],
  ['yaml-unclosed-quote', 'ZT_FABRIC_YAML_SYNTAX 2:12'],
]

function read(file: string): readonly Problem[] {
  const { problems } = parseFabric(readFileSync(new URL(`${file}.yaml`, folder)), `${file}.yaml`)
  return problems ?? []
}

describe('a wrong file', () => {
  test.each(wrong)('%s is refused with code and place', (file, ...expected) => {
    const found = read(file)
    expect(found.map(({ code, at }) => `${code} ${at.start.line}:${at.start.column}`)).toEqual(expected)
    for (const { at, reason, remedy } of found) {
      expect(at.file).toBe(`${file}.yaml`)
      expect(reason).toMatch(/^\S.*[^.]$/)
      expect(remedy).toMatch(/^[a-z].*[^.]$/)
    }
  })

  test('each file of the folder is in the table', () => {
    const files = readdirSync(folder).map((name) => name.replace(/\.yaml$/, ''))
    expect(wrong.map(([file]) => file).toSorted()).toEqual(files.toSorted())
  })

  test('a seal that is neither MACsec nor WireGuard is told what it may be, and what does not go together', () => {
    const said = (file: string): string =>
      read(file)
        .map(({ reason, remedy }) => `${reason}; ${remedy}`)
        .join()
    expect(said('seal-neither')).toBe(
      'seals.core has neither macsec nor wireguard; give one of macsec and wireguard, such as macsec: gcm-aes-128',
    )
    expect(said('seal-both')).toBe(
      'seals.core has macsec, with which wireguard does not go; leave it out, or write one of macsec, mode, confidentiality, tag, replayWindow, standby, key',
    )
    expect(said('seal-of-the-other')).toBe(
      'seals.core has wireguard, with which mode does not go; leave it out, or write one of wireguard, key, psk, port, keepalive',
    )
  })

  test('a key in the place of its name is not repeated', () => {
    expect(JSON.stringify(read('key-not-a-name'))).not.toContain('0011223344')
  })
})
