/**
 * A user's session with a lab, run as that user: brings a lab up by sudo, uses everything a user uses, tells what it saw.
 * Arguments: folder of the built product, file with the plan, what nodes are.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [dist = '', planFile = '', driver] = process.argv.slice(2)
/** @type {typeof import('../../../lab/index.js')} */
const { labUp, listLabs, attach, labDown } = await import(pathToFileURL(path.join(dist, 'lab/index.js')).href)
/** @type {import('../../../contract/plan.js').Plan} */
const plan = JSON.parse(readFileSync(planFile, 'utf8'))
const seed = new Uint8Array(32).fill(9)

const lab = await labUp(plan, {
  keysSeed: seed,
  attached: false,
  driver: driver === 'containerlab' ? driver : 'netns',
})
const identity = await lab.exec('leaf1', [
  'sh',
  '-c',
  'id -u; grep -E "Cap(Eff|Bnd)" /proc/self/status; ip link set lo mtu 60000 && echo configured; cat /etc/shadow',
])
const target = await lab.target()
const host = plan.hosts[0]
if (host === undefined) throw new Error('the plan has no host')
const mac = host.mac.split(':').map((octet) => parseInt(octet, 16))
const frame = Uint8Array.of(255, 255, 255, 255, 255, 255, ...mac, 0x88, 0xb5, 1, 2, 3)
const seen = await target.send([{ trace: 1, at: { host: host.id }, frame }])
await target.reset()
await target.close()
const journals = await lab.journals()
lab.close()
const again = await attach(lab.id)
const { driver: nodes } = again
const keys = again.keys.size
again.close()
const listed = listLabs().map(({ id, phase }) => ({ id, phase }))
await labDown(lab.id)

process.stdout.write(
  JSON.stringify({
    id: lab.id,
    uid: process.getuid?.(),
    driver: nodes,
    identity,
    arrivals: seen.arrivals.length,
    wire: seen.wire.length,
    journals: [...journals].map(([node, bytes]) => [node, bytes.length]),
    keys,
    listed,
    after: listLabs(),
  }),
)
