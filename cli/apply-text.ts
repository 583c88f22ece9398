/**
 * Changes of a running lab as people read them: a line for each, signs as in a plan of changes.
 *
 * @module
 */
import type { EffectName, LabChange, LabChanges } from '../lab/index.js'
import type { Colours } from './colours.js'
import { printableLine } from './printable.js'

const SIGNS: Readonly<Record<LabChange['change'], string>> = { add: '+', change: '~', remove: '-' }
/** What is done with what. */
const WORDS: Readonly<Record<EffectName, (what: string) => string>> = {
  create: (keys) => keys,
  remove: (keys) => keys,
  replace: (what) => `made anew${inBrackets(what)}`,
  set: (what) => `${what} set in place`,
  load: (what) => `program${inBrackets(what)} loaded into its running engine`,
  'tell-daemons': (what) => `its running daemons are told: ${what}`,
  'restart-daemons': (what) => `its daemons begin anew${inBrackets(what)}`,
  'restart-agent': (what) => `its agent begins anew${inBrackets(what)}`,
  restart: (what) => `begins anew${inBrackets(what)}`,
  none: (what) => `${what} written down`,
}
/** What is counted: things of the fabric. */
const COUNTED: ReadonlySet<LabChange['kind']> = new Set(['node', 'link', 'host'])
/** Names of keys that are said. */
const SAID = 3

/** @param done the changes have been made */
export function applyText({ changes, untouched }: LabChanges, done: boolean, colours: Colours): string {
  const nodes = untouched.length === 0 ? 'no node' : untouched.join(', ')
  if (changes.length === 0) return `nothing to change; untouched: ${nodes}\n`
  const named = changes.map(
    (one) => [one, one.kind === one.name ? one.kind : `${one.kind} ${one.name}`] as const,
  )
  const width = Math.max(...named.map(([, name]) => name.length))
  const lines = named.map(([one, name]) => {
    const what = effectsText(one)
    const line = `${SIGNS[one.change]} ${what === '' ? name : `${name.padEnd(width)}  ${what}`}`
    const printable = printableLine(line)
    if (one.change === 'change') return colours.warning(printable)
    return one.change === 'add' ? colours.good(printable) : colours.error(printable)
  })
  const counts = (['add', 'change', 'remove'] as const).map(
    (change) => changes.filter((one) => COUNTED.has(one.kind) && one.change === change).length,
  )
  const words = done ? ['created', 'changed', 'removed'] : ['to create', 'to change', 'to remove']
  const total = words.map((word, index) => `${counts[index]} ${word}`).join(', ')
  return `${lines.join('\n')}\n${total}; untouched: ${printableLine(nodes)}\n`
}

function effectsText({ kind, effects }: LabChange): string {
  return effects
    .map(({ effect, what }) => WORDS[effect]((kind === 'keys' ? some(what) : what).join(', ')))
    .filter((text) => text !== '')
    .join('; ')
}

function inBrackets(what: string): string {
  return what === '' ? '' : ` (${what})`
}

function some(names: readonly string[]): readonly string[] {
  const more = names.length - SAID
  return more > 0 ? [...names.slice(0, SAID), `${more} more`] : names
}
