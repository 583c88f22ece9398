/**
 * A fabric of plain veths and kernels that forward by themselves, without any engine: what daemons need and no more.
 *
 * @module
 */
import type { NodeControl } from '../../../contract/control-plane.js'
import { runCommand } from '../../../lab/command.js'
import { Daemons, type ControlledNode, type DaemonState } from '../../../lab/daemons/launch.js'
import { createFolder, selfIdentity, type Invoker } from '../../../lab/labd/folder.js'
import { sweepLab } from '../../../lab/labd/sweep.js'
import { newLabId, namespacePrefix } from '../../../lab/names.js'
import { parseIpv6, writeIpv6 } from '../../../twin/packet/index.js'
import { LAB_MARK, labMark } from '../../../lab/process-identity.js'

export interface PlainFabric {
  readonly id: string
  readonly folder: string
  readonly nodes: readonly ControlledNode[]
  readonly daemons: Daemons
  readonly deaths: readonly DaemonState[]
  namespace(node: string): string
  down(): Promise<void>
}

/** The MAC of which the kernel makes a link-local address (RFC 4291 appendix A). */
function macOfLinkLocal(address: string): string {
  const octets = Buffer.alloc(16)
  writeIpv6(octets, 0, parseIpv6(address))
  return [octets[8]! ^ 2, octets[9]!, octets[10]!, octets[13]!, octets[14]!, octets[15]!]
    .map((octet) => octet.toString(16).padStart(2, '0'))
    .join(':')
}

const NO_DAD = 'for f in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 > $f; done'
const root = { uid: 0, gid: 0 }

/** Namespaces and links as the sessions say; no daemon runs yet. The lab is the invoker's. */
export async function plainFabric(
  controls: ReadonlyMap<string, NodeControl>,
  invoker: Invoker = root,
): Promise<PlainFabric> {
  const id = newLabId()
  const namespace = (node: string) => `${namespacePrefix(id)}${node}`
  // A lab whose labd is this process: nobody takes it for one that a crash has left.
  const { folder } = createFolder(invoker, {
    format: 'ztos-lab',
    version: 1,
    id,
    uid: invoker.uid,
    fabric: 'plain',
    created: new Date().toISOString(),
    attached: true,
    phase: 'up',
    labd: selfIdentity(),
  })
  const names = [...controls.keys()]
  const links = names.flatMap((node) =>
    (controls.get(node)?.sessions ?? [])
      .filter(({ peer }) => node < peer)
      .map(({ port, peer, link }) => {
        const far = controls.get(peer)?.sessions.find((session) => session.link === link)
        if (far === undefined) throw new Error(`${link} has one end`)
        return `link add ${port} netns ${namespace(node)} type veth peer name ${far.port} netns ${namespace(peer)}`
      }),
  )
  const batch = async (lines: readonly string[], ...where: string[]) => {
    await runCommand('a plain fabric', ['ip', ...where, '-batch', '-'], { input: `${lines.join('\n')}\n` })
  }
  await batch([...names.map((node) => `netns add ${namespace(node)}`), ...links])
  for (const [node, { sessions, originate }] of controls) {
    // No wait for duplicates, as in a lab.
    await runCommand('a plain fabric', ['ip', 'netns', 'exec', namespace(node), 'sh', '-ec', NO_DAD])
    const address = (text: string, length: number) =>
      text.includes(':') ? `${text}/${length === 31 ? 127 : 128} dev` : `${text}/${length} dev`
    await batch(
      [
        'link set lo up',
        ...originate.map((prefix) => `addr add ${prefix} dev lo`),
        ...sessions.flatMap(({ port, local, unnumbered }) =>
          unnumbered === true
            ? [`link set ${port} address ${macOfLinkLocal(local)} up`]
            : [
                `link set ${port} up`,
                `addr add ${address(local, 31)} ${port}${local.includes(':') ? ' nodad' : ''}`,
              ],
        ),
      ],
      '-n',
      namespace(node),
    )
  }
  const nodes = [...controls].map(([node, control]) => ({ node, namespace: namespace(node), control }))
  const deaths: DaemonState[] = []
  const daemons = new Daemons(nodes, {
    folder,
    invoker,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', [LAB_MARK]: labMark(invoker.uid, id) },
    onDeath: (state) => deaths.push(state),
  })
  return {
    id,
    folder,
    nodes,
    daemons,
    deaths,
    namespace,
    async down() {
      await daemons.stop()
      await sweepLab(invoker, id)
    },
  }
}
