/** Files that would take for ever; apart from all others, which are run against many faults. */
import { describe, expect, it } from 'vitest'
import { formatTopologyProblem, readTopology } from './index.js'

function problemsOf(text: string): readonly string[] {
  const { problems } = readTopology(text, { file: 'lab.clab.yml', environment: {} })
  return (problems ?? []).map(formatTopologyProblem)
}

describe('a topology file', () => {
  it.each(['[', '{a: ', '- ', '? '])('is refused where it nests without end: %s', (opening) => {
    const text = `name: lab\ntopology: {nodes: {a: {config: {vars: {x: ${opening.repeat(100_000)}`
    expect(problemsOf(text).join()).toMatch(/^lab\.clab\.yml:2:\d+: ZT_TOPOLOGY_YAML: /)
  })

  it('is refused where aliases would grow without end', () => {
    const levels = Array.from({ length: 12 }, (_, i) => {
      const of = i === 0 ? 'x' : `*l${i - 1}`
      return `  k${i}: &l${i} {env: {}, config: {vars: {a: ${of}, b: ${of}, c: ${of}, d: ${of}}}}`
    })
    expect(
      problemsOf(`name: lab\ntopology:\n  kinds:\n${levels.join('\n').replaceAll(/^/gm, '  ')}`).join(),
    ).toContain('the file says too much')
  })
})
