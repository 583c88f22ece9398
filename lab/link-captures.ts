/**
 * Captures of all fabric links of a lab, while it is a target.
 *
 * @module
 */
import { statSync } from 'node:fs'
import { z } from 'zod'
import type { PlanLink } from '../contract/plan.js'
import type { WireFrame } from '../record/target.js'
import { CaptureTail } from './capture-tail.js'
import type { Lab } from './lab.js'

/** The receiving end of one direction of a link. */
interface Direction {
  readonly link: string
  readonly from: string
  readonly to: string
  readonly interface: number
  readonly tail: CaptureTail
}

export class LinkCaptures {
  private constructor(
    private readonly lab: Lab,
    private readonly directions: readonly Direction[],
  ) {}

  /** Starts a capture at both ends of every link. */
  static async start(lab: Lab): Promise<LinkCaptures> {
    const directions = lab.plan.links.flatMap((link) => [
      start(lab, link, link.a, link.b),
      start(lab, link, link.b, link.a),
    ])
    return new LinkCaptures(lab, await Promise.all(directions))
  }

  /** What was received since the last call, complete up to the engines' last `sync`. */
  read(): readonly WireFrame[] {
    return this.directions.flatMap(({ link, from, to, tail }) =>
      tail
        .received(statSync(tail.file).size)
        .map((frame): WireFrame => ({ link, from, to, frame, seenBy: 'capture' })),
    )
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.directions.map(({ to, interface: id }) =>
        this.lab.control(to, { op: 'capture', interface: id, file: null }),
      ),
    )
  }
}

async function start(lab: Lab, link: PlanLink, from: PlanLink['a'], to: PlanLink['a']): Promise<Direction> {
  const file = `${link.id.replaceAll(/[^A-Za-z0-9-]/g, '_')}.${to.node}.${process.pid}-${captures++}.target.pcapng`
  const answer = await lab.control(to.node, { op: 'capture', interface: to.interface, file })
  const tail = new CaptureTail(z.string().parse(answer['file']))
  return { link: link.id, from: from.node, to: to.node, interface: to.interface, tail }
}

/** Tells the files of several targets of one process apart; a file that is there already is refused. */
let captures = 0
