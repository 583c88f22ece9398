/** Our reader of topologies against containerlab's own. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, constantFrom, nat, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTopologyProblem, readTopology, writeTopology } from '../../../lab/clab/index.js'
import { topologies } from '../../property/topology/arbitrary.js'
import { containerlabSense, ENVIRONMENT, ownSense, type Sense } from './referee.js'

const EXAMPLES = fileURLToPath(new URL('../../../build/containerlab/examples', import.meta.url))
/** containerlab's own, but for templates, which it renders itself, and their variables. */
const examples = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.clab\.ya?ml$/.test(name))
  .map((name) => ({ name, text: readFileSync(path.join(EXAMPLES, name), 'utf8') }))
  .filter(({ text }) => !text.includes('{{'))
/** The same ones each time, unless others are asked for: containerlab is another's, and what is found out of it is no fault of a change. */
const RUN = {
  numRuns: Number(process.env['ZT_TOPOLOGIES'] ?? 150),
  seed: Number(process.env['ZT_SEED'] ?? 20_261_123),
}
/** Kinds that this containerlab does not know are kept as those are that do not run here. */
const UNKNOWN_KIND = /kind .* is none of containerlab's/
const REFUSED = 'refused'
/** What is about links and names, which containerlab looks at later than it reads. */
const LATER = /ZT_TOPOLOGY_(?:LINK|UNKNOWN_NODE|MISSING_KEY|VALUE)/

describe('[T02] containerlab and we', () => {
  it('make the same of any topology that we write', () => {
    assert(
      property(topologies, (topology) => {
        const text = writeTopology(topology)
        expect({ text, ...bothOf(text) }).toEqual({
          text,
          own: ownSense(topology),
          theirs: ownSense(topology),
        })
      }),
      RUN,
    )
  }, 240_000)

  it('make the same of its own examples, and of what we write of them', () => {
    expect(examples.length).toBeGreaterThan(70)
    for (const { name, text } of examples) {
      const { own, theirs } = bothOf(text)
      expect({ name, own }).toEqual({ name, own: theirs })
      const written = writeTopology(readTopology(text, { file: name, environment: ENVIRONMENT }).topology!)
      expect({ name, ...bothOf(written) }).toEqual({ name, own: theirs, theirs })
    }
  }, 240_000)

  it('take and refuse the same files, when lines of examples are lost, doubled, moved or bent', () => {
    const met = { refused: 0, taken: 0 }
    assert(
      property(constantFrom(...examples), nat(), nat({ max: 5 }), ({ text }, at, how) => {
        const bent = bend(text, at, how)
        const { own, theirs } = bothOf(bent)
        met[theirs === REFUSED ? 'refused' : 'taken']++
        expect({ bent, own: isStricter(bent, text) ? theirs : own }).toEqual({ bent, own: theirs })
      }),
      RUN,
    )
    expect(met.refused).toBeGreaterThan(5)
    expect(met.taken).toBeGreaterThan(20)
  }, 240_000)
})

/** What each takes a text for. */
function bothOf(text: string): { own: Sense | typeof REFUSED; theirs: Sense | typeof REFUSED } {
  const { topology } = readTopology(text, { file: 'lab.clab.yml', environment: ENVIRONMENT })
  const said = containerlabSense(text)
  const own = topology === undefined ? REFUSED : ownSense(topology)
  if (said === 'no verdict' || ('error' in said && UNKNOWN_KIND.test(said.error))) return { own, theirs: own }
  return { own, theirs: 'error' in said ? REFUSED : said }
}

/**
 * Whether what we refuse is something at which containerlab looks later, when it deploys, or not at all: it reads nothing behind the end of
 * a YAML document.
 */
function isStricter(bent: string, text: string): boolean {
  const { problems = [] } = readTopology(bent, { file: 'lab.clab.yml', environment: ENVIRONMENT })
  const [said, whole] = [containerlabSense(bent), containerlabSense(text)]
  if (said === 'no verdict' || whole === 'no verdict') return true
  if (problems.length === 0 || 'error' in said || 'error' in whole) return false
  return problems.every((one) => LATER.test(formatTopologyProblem(one))) || sizeOf(said) < sizeOf(whole)
}

function sizeOf({ nodes, links }: Sense): number {
  return Object.keys(nodes).length + links.length
}

/** A file with one thing wrong with it, or nothing. */
function bend(text: string, at: number, how: number): string {
  const lines = text.split('\n')
  const i = at % lines.length
  const line = lines[i] ?? ''
  const bent = [
    [],
    [line, line],
    [` ${line}`],
    [line.replace(/^  /, '')],
    [line.replace(':', '')],
    [line.replace(/[a-z]/, (letter) => (letter === 'a' ? 'b' : 'a'))],
  ][how]
  return lines.toSpliced(i, 1, ...(bent ?? [])).join('\n')
}
