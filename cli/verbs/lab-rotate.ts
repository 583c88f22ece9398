/**
 * `ztos lab rotate`.
 *
 * @module
 */
import { rotateLab, type RotationLoss, type RotationOutcome, type SealState } from '../../lab/index.js'
import { combineExit, ExitStatus } from '../../record/exit-status.js'
import { select } from '../../twin/model/pattern.js'
import { CliError } from '../errors.js'
import { exitOf } from '../exit-codes.js'
import { failureJson, failureOf, failureText } from '../failure.js'
import type { Run } from '../invocation.js'
import { keySourcesOf } from '../key-sources.js'
import { withLab } from '../lab-access.js'
import { named } from '../names.js'
import { counted, table } from '../table.js'

export const run: Run<'lab rotate'> = async ({ arguments: { id }, options, io, progress, colours }) => {
  const outcomes = await withLab(id, async (lab) => {
    const chosen = chosenOf(await lab.seals(), options, id)
    return progress.stage(`rotating keys of lab ${id}`, async (say) =>
      rotateLab(lab, chosen, {
        rate: options.rate,
        ...keySourcesOf(options, io),
        env: io.env,
        signal: io.signal,
        onPair: ({ name }) => say(name),
      }),
    )
  })
  const failures = outcomes.flatMap(({ rotated, error }) =>
    rotated === undefined ? [failureOf(error, io.signal.aborted)] : [],
  )
  return {
    exit: combineExit([ExitStatus.Holds, ...failures.map(({ code }) => exitOf(code))]),
    json: () => ({ format: 'ztos-lab-rotate', version: 1, id, seals: outcomes.map(outcomeJson) }),
    text: () =>
      `${outcomeText(outcomes)}${failures.map((one) => failureText(one, colours, undefined)).join('')}`,
  }
}

/** @throws CliError `ZT_CLI_NAME` for a seal or link that the lab has not */
function chosenOf(
  seals: readonly SealState[],
  { seal, links }: { readonly seal: string | undefined; readonly links: string | undefined },
  id: string,
): readonly string[] {
  if (seals.length === 0) {
    throw new CliError('ZT_CLI_NAME', `nothing of lab ${id} is sealed`, {
      remedy: 'bring up a lab of a fabric with seals',
    })
  }
  if (seal !== undefined) {
    const names = [...new Set(seals.flatMap(({ seal: name }) => name ?? []))]
    named('seal', seal, names, (name) => name, `lab ${id}`)
  }
  const ofSeal = seals.filter((one) => seal === undefined || one.seal === seal).map(({ name }) => name)
  return links === undefined ? ofSeal : matching(links, ofSeal, id)
}

function matching(pattern: string, names: readonly string[], id: string): readonly string[] {
  const found = select(pattern, names)
  if ('fault' in found) {
    const { reason, remedy } = found.fault
    throw new CliError('ZT_CLI_USAGE', reason, { where: '--links', remedy })
  }
  const [missing] = found.missing
  if (missing === undefined) return found.selected
  throw new CliError('ZT_CLI_NAME', `${missing} is nothing that is sealed`, {
    where: `lab ${id}`,
    remedy: `sealed are ${names.slice(0, 6).join(', ')}${names.length > 6 ? ', ...' : ''}`,
  })
}

function outcomeJson({ seal: { name, kind, seal }, rotated, error, traffic }: RotationOutcome): object {
  return {
    name,
    kind,
    seal,
    ...(rotated ?? { error: failureJson(failureOf(error, false), undefined) }),
    ...(traffic === undefined ? {} : traffic),
  }
}

function outcomeText(outcomes: readonly RotationOutcome[]): string {
  const rows = outcomes.map(({ seal, rotated, traffic }) => [
    seal.name,
    seal.kind,
    rotated === undefined ? `${seal.epoch}, not rotated` : `${rotated.from} to ${rotated.to}`,
    rotated === undefined ? '' : `${(rotated.steps.at(-1)?.at ?? 0).toFixed(0)} ms`,
    trafficText(traffic),
  ])
  return `${table(['what', 'by', 'epoch', 'took', 'traffic'], rows).join('\n')}\n`
}

function trafficText(traffic: RotationOutcome['traffic']): string {
  if (traffic === undefined) return ''
  if ('why' in traffic) return `not measured: ${traffic.why}`
  const { losses } = traffic
  const sum = (of: (loss: RotationLoss) => number) => losses.reduce((total, loss) => total + of(loss), 0)
  const longest = Math.max(...losses.map((loss) => loss.longest))
  const lost = sum((loss) => loss.lost)
  const cost = lost === 0 ? 'none lost' : `${lost} lost, ${longest.toFixed(1)} ms at most`
  const otherwise = sum((loss) => loss.lostOtherwise)
  const noise = otherwise === 0 ? '' : `; ${otherwise} lost at other times`
  return `${cost} of ${counted(
    sum((loss) => loss.sent),
    'packet',
  )}${noise}`
}
