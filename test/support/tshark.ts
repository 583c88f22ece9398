/**
 * tshark as an oracle: one run over a capture file, chosen fields of every packet.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

const FORMAT = '-n -T fields -E separator=/t -E occurrence=a -E aggregator=;'.split(' ')

/** Checksums judged, streams and fragments not put together, so that each packet stands alone. */
const PREFERENCES: readonly string[] = [
  'ip.check_checksum:TRUE',
  'udp.check_checksum:TRUE',
  'tcp.check_checksum:TRUE',
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
  'tcp.analyze_sequence_numbers:FALSE',
  'tcp.relative_sequence_numbers:FALSE',
  'tcp.desegment_tcp_streams:FALSE',
  'sctp.reassembly:FALSE',
]

/** Protocols that guess at octets which are only padding or payload here. */
const GUESSERS: readonly string[] = ['lldp', 'data-l1-events']

let knownByPort: Promise<ReadonlySet<string>> | undefined

/**
 * Protocols that tshark sees in a port's number, or guesses at over UDP. A generated port may be anyone's: whoever is not asked for must not
 * take the payload from the one who is.
 */
async function protocolsByPort(): Promise<ReadonlySet<string>> {
  const [decodes, heuristics] = await Promise.all(
    ['decodes', 'heuristic-decodes'].map((what) => run('tshark', ['-G', what], { maxBuffer: 1 << 26 })),
  )
  const rows = (text = '') => text.split('\n').map((line) => line.split('\t'))
  const byNumber = rows(decodes?.stdout)
    .filter(([table = '']) => /^(udp|tcp|sctp)\.port$/.test(table))
    .map((row) => row[2] ?? '')
  const byGuess = rows(heuristics?.stdout)
    .filter(([table]) => table === 'udp')
    .map((row) => row[1] ?? '')
  return new Set([...byNumber, ...byGuess])
}

async function disabled(fields: readonly string[]): Promise<readonly string[]> {
  knownByPort ??= protocolsByPort()
  const asked = new Set(fields.map((field) => field.slice(0, field.indexOf('.'))))
  return [...GUESSERS, ...(await knownByPort)].filter((protocol) => protocol !== '' && !asked.has(protocol))
}

/**
 * For each packet of a capture, every value of every field in the order that tshark found them.
 *
 * @param preferences more of them, as `name:value`
 */
export async function tsharkFields(
  path: string,
  fields: readonly string[],
  preferences: readonly string[] = [],
): Promise<readonly ReadonlyMap<string, readonly string[]>[]> {
  const { stdout } = await run(
    'tshark',
    [
      ...FORMAT,
      '-r',
      path,
      ...[...PREFERENCES, ...preferences].flatMap((preference) => ['-o', preference]),
      ...(await disabled(fields)).flatMap((protocol) => ['--disable-protocol', protocol]),
      ...fields.flatMap((field) => ['-e', field]),
    ],
    { maxBuffer: 1 << 28 },
  )
  const rows = stdout.split('\n').slice(0, -1)
  return rows.map((row) => {
    const cells = row.split('\t')
    return new Map(
      fields.map((field, i) => [field, cells[i] === '' || cells[i] === undefined ? [] : cells[i].split(';')]),
    )
  })
}
