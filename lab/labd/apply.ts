/**
 * A running lab is brought from one plan to another: in steps, each of which does only what a change asks for. What goes goes first, and
 * whoever looks from outside, agents and the probe, lets go of it before.
 *
 * @module
 */
import type { EffectName, LabChange, LabChanges } from '../apply/changes.js'
import { LabError, messageOf, withoutCode } from '../errors.js'
import { raced, type StepEvent } from '../steps.js'

/** How changes are made. Which they are it knows; here they are put in order. */
export interface ApplyMeans {
  endAgents(nodes: readonly string[]): Promise<void>
  endDaemons(nodes: readonly string[]): Promise<void>
  stopProbe(): Promise<void>
  stopEngines(nodes: readonly string[]): Promise<void>
  stopWire(): Promise<void>
  /** Places of nodes and hosts, and cables, that go. */
  removeNetwork(): Promise<void>
  /** Those that come, and what is set in those that stay. */
  makeNetwork(signal: AbortSignal): Promise<void>
  startWire(signal: AbortSignal): Promise<void>
  /** Its links have other delays. */
  setWire(): Promise<void>
  /** Gives a running engine the program that its node has now. */
  load(node: string): Promise<void>
  /** Daemons and agents are to be those of the new plan; none is started yet. */
  renewRouting(): Promise<void>
  tellDaemons(node: string): Promise<void>
  startDaemons(nodes: readonly string[], signal: AbortSignal): Promise<void>
  startEngines(nodes: readonly string[], signal: AbortSignal): Promise<void>
  startAgents(nodes: readonly string[], signal: AbortSignal): Promise<void>
  startProbe(signal: AbortSignal): Promise<void>
  /** Returns when the control plane has come to rest. */
  rest(signal: AbortSignal): Promise<void>
}

export interface ApplyHooks {
  readonly onEvent: (event: StepEvent) => void
}

interface ApplyStep {
  readonly name: string
  readonly isDue: boolean
  readonly run: (signal: AbortSignal) => Promise<unknown>
}

/**
 * @returns what was done
 * @throws LabError of the step that failed, with what was done before it and what was not
 */
export async function applyChanges(
  changes: LabChanges,
  means: ApplyMeans,
  hooks: ApplyHooks,
  signal: AbortSignal,
): Promise<readonly StepEvent[]> {
  const steps = stepsOf(changes, means).filter(({ isDue }) => isDue)
  const done: StepEvent[] = []
  for (const [index, { name, run }] of steps.entries()) {
    const began = performance.now()
    const tell = (phase: StepEvent['phase']) => {
      const event = { step: name, phase, ms: performance.now() - began }
      hooks.onEvent(event)
      return event
    }
    hooks.onEvent({ step: name, phase: 'set-up' })
    try {
      signal.throwIfAborted()
      await raced(
        run(signal).then(() => undefined),
        signal,
      )
    } catch (error) {
      tell('failed')
      const names = (some: readonly { readonly name: string }[]) =>
        some.length === 0 ? 'nothing' : some.map((step) => step.name).join(', ')
      throw halfWay(error, name, names(steps.slice(0, index)), names(steps.slice(index + 1)))
    }
    done.push(tell('done'))
  }
  return done
}

function halfWay(error: unknown, step: string, before: string, behind: string): LabError {
  const [what = ''] = withoutCode(messageOf(error)).split('\n  remedy: ')
  return new LabError(
    error instanceof LabError ? error.code : 'ZT_LAB_COMMAND',
    `the change failed half-way, in ${step}: ${what} (done: ${before}; not done: ${behind})`,
    {
      remedy: 'the lab is neither what it was nor what it was to be: take it down, and bring up another',
      cause: error,
    },
  )
}

function stepsOf(changes: LabChanges, means: ApplyMeans): readonly ApplyStep[] {
  const { all, has } = index(changes.changes)
  const [gone, fresh] = [all('node', 'remove'), all('node', 'create')]
  const agents = all('node', 'restart-agent')
  const restarted = all('node', 'restart-daemons')
  const told = all('node', 'tell-daemons')
  const loaded = all('node', 'load')
  const probe = has('probe', 'restart')
  const step = (name: string, isDue: boolean, run: ApplyStep['run']): ApplyStep => ({ name, isDue, run })
  const each = (nodes: readonly string[], work: (node: string) => Promise<void>) =>
    Promise.all(nodes.map((node) => work(node)))
  const cables = changes.changes.some(
    ({ kind, effects }) =>
      ['node', 'link', 'host', 'wire'].includes(kind) &&
      effects.some(({ effect }) => ['create', 'remove', 'replace', 'set'].includes(effect)),
  )
  return [
    step('agents end', gone.length + agents.length > 0, () => means.endAgents([...gone, ...agents])),
    step('daemons end', gone.length + restarted.length > 0, () => means.endDaemons([...gone, ...restarted])),
    step('probe ends', probe, () => means.stopProbe()),
    step('engines end', gone.length > 0, () => means.stopEngines(gone)),
    step('wire ends', has('wire', 'restart') || has('wire', 'remove'), () => means.stopWire()),
    step('remove', cables, () => means.removeNetwork()),
    step('cables', cables, (signal) => means.makeNetwork(signal)),
    step('wire', has('wire', 'restart') || has('wire', 'create'), (signal) => means.startWire(signal)),
    step('delays', has('wire', 'set'), () => means.setWire()),
    step('programs', loaded.length > 0, () => each(loaded, (node) => means.load(node))),
    step('routing', gone.length + fresh.length + agents.length + restarted.length + told.length > 0, () =>
      means.renewRouting(),
    ),
    step('told', told.length > 0, () => each(told, (node) => means.tellDaemons(node))),
    step('daemons', fresh.length + restarted.length > 0, (signal) =>
      means.startDaemons([...fresh, ...restarted], signal),
    ),
    step('engines', fresh.length > 0, (signal) => means.startEngines(fresh, signal)),
    step('agents', fresh.length + agents.length > 0, (signal) =>
      means.startAgents([...fresh, ...agents], signal),
    ),
    step('probe', probe, (signal) => means.startProbe(signal)),
    step(
      'converge',
      changes.changes.some(({ kind }) => kind === 'node' || kind === 'link'),
      (signal) => means.rest(signal),
    ),
  ]
}

function index(changes: readonly LabChange[]): {
  /** Names of those that this is done to. */
  readonly all: (kind: LabChange['kind'], effect: EffectName) => readonly string[]
  readonly has: (kind: LabChange['kind'], effect: EffectName) => boolean
} {
  const all = (kind: LabChange['kind'], wanted: EffectName) =>
    changes
      .filter((one) => one.kind === kind && one.effects.some(({ effect }) => effect === wanted))
      .map(({ name }) => name)
  return { all, has: (kind, wanted) => all(kind, wanted).length > 0 }
}
