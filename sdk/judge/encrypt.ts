/**
 * Judges an `encrypt` intent on three grounds: the plan seals both ends and nodes run it, the egress guard keeps kernels from sending in the
 * clear, and every captured frame of each link and direction opens with the key of its peer and epoch, holds no canary and is the twin's.
 *
 * @module
 */
import type { PlanIntent } from '../../contract/plan.js'
import { judge, type GroundEvidence } from '../../record/judge.js'
import type { WireFrame } from '../../record/target.js'
import type { Finding, Verdict } from '../../record/verdict.js'
import type { Link } from '../fabric-view.js'
import type { ScenarioTarget } from '../scenario-target.js'
import type { Seen } from '../seen.js'
import { judgeAgreement } from './agreement.js'
import { crossing, directionsOf, idleLinks, linkOf, questions } from './crossing.js'
import { judgeDelivery } from './delivery.js'
import { judgeSeal, type SealKind } from './seal.js'
import { guardGround } from './seal-guard.js'
import { planGround } from './seal-plan.js'

type EncryptIntent = Extract<PlanIntent, { kind: 'encrypt' }>

/** Rounds of flows with other ports, until ECMP has used every link both ways. */
const ROUNDS = 24
/** Judges the intent. */
export async function judgeEncrypt(target: ScenarioTarget, intent: EncryptIntent): Promise<Verdict> {
  const links = intent.links.map((id) => target.fabric.link(id))
  const plan = await planGround(target, links, intent.by)
  const guard = await guardGround(target, links)
  const captured = new Captured(target, links, intent.by)
  await captured.listen()
  target.keep(intent.name, captured.evidence)
  const grounds = [plan, guard, captured.ground()]
  const { judged, controls, missing, idle } = captured
  const base = { name: intent.name, kind: 'encrypt' as const, by: target.on, judged, controls, grounds }
  const isClean = grounds.every(({ findings }) => findings.length === 0)
  if (isClean && missing.size > 0) {
    return judge({ ...base, findings: [], cannot: unseen([...missing].sort(), idle) })
  }
  return judge({
    ...base,
    findings: [],
    reason: grounds.map(({ ground, said }) => `${ground}: ${said}`).join('; '),
  })
}

/** The third ground: what was captured of generated traffic on links, until each carried some both ways. */
class Captured {
  /** Directions of links on which nothing was seen. */
  readonly missing: Set<string>
  readonly idle: ReadonlyMap<string, string>
  readonly evidence: WireFrame[] = []
  readonly #findings: Finding[] = []
  readonly #epochs = new Map<string, number>()
  judged = 0
  controls = 0
  #handshakes = 0
  #searched = 0
  #compared = 0

  constructor(
    readonly target: ScenarioTarget,
    readonly links: readonly Link[],
    readonly by: SealKind | undefined,
  ) {
    this.missing = new Set(links.flatMap(directionsOf))
    this.idle = idleLinks(target, links)
  }

  async listen(): Promise<void> {
    const { target, links, missing, idle } = this
    await target.reset()
    for (let round = 0; round < ROUNDS && missing.size > 0; round++) {
      const flows = crossing(target, links, round)
      if (flows.length === 0) break
      const asked = round === 0 ? questions(target) : []
      await this.#take((await target.send([...asked, ...flows], { wire: links })).on(links))
      if ([...missing].every((direction) => idle.has(linkOf(direction)))) break
    }
  }

  async #take(all: Seen): Promise<void> {
    const seen = all.captured()
    const report = judgeSeal(seen, this.by)
    this.evidence.push(...seen.observation.wire)
    this.#findings.push(...report.findings)
    this.judged += report.judged
    this.controls += judgeDelivery(seen).delivered
    this.#handshakes += report.handshakes
    this.#searched += report.searched
    for (const direction of report.directions.keys()) this.missing.delete(direction)
    for (const [epoch, frames] of report.epochs)
      this.#epochs.set(epoch, (this.#epochs.get(epoch) ?? 0) + frames)
    // The twin is its own equal; and what does not open is found already.
    if (this.target.witness === undefined || report.judged === 0 || report.findings.length > 0) return
    const { judged, findings } = await judgeAgreement(seen, this.links)
    this.#compared += judged
    this.#findings.push(...findings)
  }

  ground(): GroundEvidence {
    const opened = [...this.#epochs.values()].reduce((sum, frames) => sum + frames, 0)
    const counts = {
      frames: this.judged,
      opened,
      handshakes: this.#handshakes,
      epochs: this.#epochs.size,
      'octets searched': this.#searched,
      'compared with the twin': this.#compared,
    }
    const where = this.target.witness === undefined ? 'frames of the twin' : 'frames captured in XDP'
    const handshakes = this.#handshakes === 0 ? '' : `, ${this.#handshakes} are handshakes`
    const equal = this.#compared === 0 ? '' : `; ${this.#compared} equal the twin's`
    return {
      ground: 'capture',
      said: `${this.judged} ${where}, each way of each link: ${opened} opened with the key of their peer, in ${this.#epochs.size} key epochs${handshakes}; no canary in ${this.#searched} octets${equal}`,
      counts,
      findings: this.#findings,
      isNone: this.judged === 0,
    }
  }
}

/** Why links could not be judged, and what a person can do: a seal is judged by frames that were seen, not by the plan's word. */
function unseen(missing: readonly string[], idle: ReadonlyMap<string, string>): string {
  const empty = [...new Set(missing.flatMap((direction) => idle.get(linkOf(direction)) ?? []))]
  const others = missing.filter((direction) => !idle.has(linkOf(direction)))
  const seals = 'and a seal is judged by frames that were seen'
  return [
    ...(empty.length === 0
      ? []
      : [
          `no tenant has a host on ${empty.join(', ')}, so no traffic crosses its links ${[...idle].flatMap(([id, leaf]) => (empty.includes(leaf) ? [id] : [])).join(', ')}, ${seals}: attach a host there, or leave these links out of the intent`,
        ]),
    ...(others.length === 0
      ? []
      : [
          `no traffic crosses ${others.join(', ')}, ${seals}: give two leaves at these links hosts of one tenant that reach each other, or leave these links out of the intent`,
        ]),
  ].join('; ')
}
