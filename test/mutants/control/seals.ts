/**
 * Wrong judges of seals: of captured frames, of the three grounds of an `encrypt` verdict, and of the suites of `ztos test`.
 *
 * @module
 */
import { wrong, type ControlMutant } from './mutant.js'

const SEALS = 'test/sdk/seals.test.ts'
const GROUNDS = 'test/sdk/seal-grounds.test.ts'
const JUDGES = 'test/sdk/judges.test.ts'
const TRAFFIC = 'test/sdk/traffic.test.ts'
const ATTACKS = 'test/sdk/attacks.test.ts'
const MACSEC = 'test/sdk/suite-macsec.test.ts'
const WIREGUARD = 'test/sdk/suite-wireguard.test.ts'
const VXLAN = 'test/sdk/suite-vxlan.test.ts'
const SHEETS = 'test/sdk/suites.test.ts'

const FRAME = 'sdk/judge/seal.js'
const PLAN = 'sdk/judge/seal-plan.js'
const GUARD = 'sdk/judge/seal-guard.js'
const WIRE = 'sdk/traffic/wire.js'

/** A kind of frame that a judge overlooks when it is clear. */
const overlooked = (id: string, kind: string): ControlMutant =>
  wrong(
    id,
    'T07',
    `${kind} in the clear on a sealed link is overlooked`,
    [
      FRAME,
      'if (kind === undefined) {',
      `if (kind === undefined && clearKind(wire.frame, undefined).includes('${kind}')) return undefined;\n    if (kind === undefined) {`,
    ],
    SEALS,
  )

export const sealJudgeMutants: readonly ControlMutant[] = [
  overlooked('seal-clear-arp-overlooked', 'ARP'),
  overlooked('seal-clear-bgp-overlooked', 'BGP'),
  wrong(
    'seal-canaries-unsearched',
    'T07',
    'captured frames are not searched for canaries',
    [FRAME, 'const canary = canaries.find(wire.frame);', 'const canary = undefined;'],
    JUDGES,
  ),
  wrong(
    'seal-canaries-of-blocks-alone',
    'T07',
    'canaries are searched for at every sixteenth octet',
    ['sdk/traffic/payload.js', 'octets.length; at++)', 'octets.length; at += 16)'],
    TRAFFIC,
  ),
  wrong(
    'seal-payloads-aligned',
    'T07',
    'every payload begins at the same octet of the canary',
    ['sdk/traffic/payload.js', 'const from = id.trace % CANARY_LENGTH;', 'const from = 0;'],
    TRAFFIC,
  ),
  wrong(
    'seal-epoch-unread',
    'T07',
    'a frame of any association passes for one of the plan',
    ['macsec-opener.js', '({ an }) => an === tag.an', '() => true'],
    SEALS,
  ),
  wrong(
    'seal-integrity-is-enough',
    'T07',
    'what is authenticated passes for encrypted',
    [
      'macsec-opener.js',
      "return 'it is authenticated but not encrypted';\n        return tci === this.#tci",
      'return undefined;\n        return tci === this.#tci',
    ],
    JUDGES,
  ),
  wrong(
    'seal-tag-is-enough',
    'T07',
    'a frame with a SecTAG of the plan passes without its key',
    ['macsec-opener.js', 'if (!opened.ok)\n                continue;', ''],
    JUDGES,
  ),
  wrong(
    'seal-peer-unread',
    'T07',
    'a session with any peer passes for the peer of the plan',
    [WIRE, 'return value === undefined || Buffer', 'return true || Buffer'],
    SEALS,
  ),
  wrong(
    'seal-numbers-unread',
    'T07',
    'packet numbers that are used again are overlooked',
    [FRAME, 'if (last === undefined || number > last)\n        return undefined;', 'return undefined;'],
    JUDGES,
  ),
  wrong(
    'seal-journal-is-capture',
    'T07',
    'what an engine writes down of itself passes for a capture',
    ['sdk/seen.js', "({ seenBy }) => seenBy !== 'journal'", '() => true'],
    GROUNDS,
  ),
  wrong(
    'seal-guard-unread',
    'T07',
    'a port without egress guard passes',
    [GUARD, 'ports.filter(({ guard }) => !guard.installed)', 'ports.filter(() => false)'],
    GROUNDS,
  ),
  wrong(
    'seal-guard-any-filter',
    'T07',
    'any egress filter passes for one that drops all',
    [
      'sdk/lab-witness.js',
      'JSON.stringify(first.options.bytecode?.insns) === DROP_ALL',
      'first.options.bytecode !== undefined',
    ],
    SEALS,
  ),
  wrong(
    'seal-programs-unread',
    'T07',
    'what engines run is not held against the plan',
    [PLAN, 'if (witness === undefined)', 'if (true)'],
    GROUNDS,
  ),
  wrong(
    'seal-modes-unread',
    'T07',
    'a plan that takes clear frames passes for a seal',
    [PLAN, "mode === 'strict' ? undefined", 'true ? undefined'],
    GROUNDS,
  ),
  wrong(
    'seal-receivers-unread',
    'T07',
    'a plan in which nobody can open what is sealed passes',
    [
      PLAN,
      'receiver.rx.some((rx) => rx.sci === sci && rx.an === an && rx.key === key && rx.ssci === ssci)',
      'true',
    ],
    GROUNDS,
  ),
  wrong(
    'seal-twin-unasked',
    'T07',
    'captured frames are not held against those of the twin',
    [
      'sdk/judge/encrypt.js',
      'this.target.witness === undefined || report.judged === 0',
      'true || report.judged === 0',
    ],
    GROUNDS,
  ),
  wrong(
    'seal-fates-unread',
    'Z38',
    'an attack that ends for another reason passes',
    ['sdk/judge/fate.js', 'said.some(({ fate }) => fates.includes(fate))', 'said.length > 0'],
    ATTACKS,
  ),
  wrong(
    'seal-late-by-one',
    'Z38',
    'the last frame of a window is taken for one behind it',
    ['sdk/traffic/attacks.js', 'last + 1n - window > number', 'last + 2n - window > number'],
    ATTACKS,
  ),
  wrong(
    'suite-attacks-unsaid',
    'Z38',
    'what became of attacks is not told',
    ['sdk/suite/sealed-links.js', "sheet.accuse(name, 'refused', finding);", ';'],
    MACSEC,
  ),
  wrong(
    'suite-frames-unsaid',
    'Z38',
    'what captured frames show is not told',
    ['sdk/suite/sealed-links.js', 'sheet.accuse(row, column, finding);', ';'],
    MACSEC,
  ),
  wrong(
    'suite-losses-unsaid',
    'Z37',
    'honest frames that are lost are not told',
    ['sdk/suite/sealed-links.js', "sheet.accuse(row, 'arrived', text);", ';'],
    WIREGUARD,
  ),
  wrong(
    'suite-refusals-unsaid',
    'Z37',
    'handshakes that nodes refuse are not told',
    ['sdk/suite/link-traffic.js', 'note(this.unnamed, node, fate);', ';'],
    WIREGUARD,
  ),
  wrong(
    'suite-ports-unread',
    'Z37',
    'WireGuard on any port passes for the plan',
    [WIRE, 'if (port !== listenPort) {', 'if (false) {'],
    WIREGUARD,
  ),
  wrong(
    'suite-broadcasts-uncounted',
    'Z39',
    'who hears a broadcast, and how often, is not looked at',
    ['sdk/suite/vxlan.js', 'meant.filter(([, one]) => one !== 1)', 'meant.filter(() => false)'],
    VXLAN,
  ),
  wrong(
    'suite-copies-unread',
    'Z39',
    'copies to VTEPs that have no part in the network are overlooked',
    ['sdk/suite/vxlan.js', 'if (wrong === undefined || accused.has(wrong))', 'if (true)'],
    VXLAN,
  ),
  wrong(
    'suite-headers-unread',
    'Z39',
    'headers outside are not held against the plan',
    [
      'sdk/suite/vxlan.js',
      'for (const fault of headerFaults(reading, vxlan, [towards]))',
      'for (const fault of [])',
    ],
    VXLAN,
  ),
  wrong(
    'suite-sources-unsaid',
    'Z39',
    'tunnels from strangers may be taken',
    ['sdk/suite/vxlan.js', "sheet.accuse(name, 'source', finding);", ';'],
    VXLAN,
  ),
  wrong(
    'suite-reasons-forgiven',
    'Z37',
    'a suite with reasons ends as if all held',
    ['sdk/suite/run-suite.js', 'if (reasons.length > 0)', 'if (false)'],
    VXLAN,
  ),
  wrong(
    'suite-unjudged-holds',
    'Z37',
    'what could not be judged passes',
    ['sdk/suite/run-suite.js', "judgement === 'unjudged'", 'false'],
    SHEETS,
  ),
]
