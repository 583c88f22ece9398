/**
 * `doctor`: what this host can run, and what stands in the way of the rest.
 *
 * @module
 */
import { z } from 'zod'
import { messageOf } from '../errors.js'
import { startLabd } from '../launch.js'
import { containerFindings } from './containers.js'
import { privilegedFindings } from './privileged.js'
import { checks, reportOf, type CheckId, type DoctorReport, type Findings } from './report.js'
import { hostFacts, unprivilegedFindings } from './unprivileged.js'

export { doctorText, type CheckResult, type DoctorReport, type Tier, type TierResult } from './report.js'

const Answer = z.object({
  findings: z.record(
    z.string(),
    z.object({
      outcome: z.enum(['yes', 'no', 'unknown']),
      detail: z.string().optional(),
      remedy: z.string().optional(),
    }),
  ),
})
/** What only root can try. */
const privileged = [
  'netns',
  'veth',
  'tap',
  'clsact-bpf',
  'mirred',
  'bridge',
  'vxlan',
  'macsec',
  'wireguard',
  'vrf',
  'xdp-native',
  'af-xdp',
  'modules',
] as const

/** Looks at everything, never fails: what cannot be found out is unknown and says why. @param env `DOCKER_HOST`, and where containerlab is */
export async function doctor(env: NodeJS.ProcessEnv = process.env): Promise<DoctorReport> {
  const plain = { ...(await unprivilegedFindings()), ...(await containerFindings(env)) }
  const ofRoot = await withRights(plain)
  // Docker's socket may be root's alone, who knows of no other engine; what the user has found out himself stands.
  const known = Object.entries(plain).filter(
    ([, { outcome }]) => outcome !== 'unknown' || env['DOCKER_HOST'] !== undefined,
  )
  return reportOf(hostFacts(), { ...plain, ...ofRoot, ...Object.fromEntries(known) })
}

async function withRights(plain: Findings): Promise<Findings> {
  if (plain.privilege?.outcome !== 'yes') {
    return Object.fromEntries(
      privileged.map((id) => [id, { outcome: 'unknown', detail: 'only root can try' }]),
    )
  }
  try {
    if (process.getuid?.() === 0) return await privilegedFindings()
    const { findings } = Answer.parse(await startLabd('doctor'))
    return Object.fromEntries(Object.entries(findings).filter(([id]) => isCheck(id)))
  } catch (error) {
    return Object.fromEntries(privileged.map((id) => [id, { outcome: 'unknown', detail: messageOf(error) }]))
  }
}

function isCheck(id: string): id is CheckId {
  return Object.hasOwn(checks, id)
}
