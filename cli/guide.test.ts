import { expect, test } from 'vitest'
import { commands, type VerbName } from './commands.js'
import { guide } from './guide.js'
import { parse } from './parse.js'
import type { OptionSpec } from './spec.js'

test('docs/guide/cli.md is what the data of the verbs says', async () => {
  await expect(guide()).toMatchFileSnapshot('../docs/guide/cli.md')
})

const examples = (Object.keys(commands) as VerbName[]).flatMap((verb) =>
  commands[verb].examples.map(({ command }) => ({ verb, command })),
)

test.each(examples)('the example `ztos $command` is a command line', ({ verb, command }) => {
  expect(parse(words(command), 100)).toMatchObject({ kind: 'verb', verb })
})

test.each(Object.keys(commands) as VerbName[])(
  'help of %s names every argument, option and example',
  (verb) => {
    const { arguments: given, options, examples: shown } = commands[verb]
    const parsed = parse([...verb.split(' '), '--help'], 400)
    expect(parsed).toMatchObject({ kind: 'text', exit: 0 })
    const text = parsed.kind === 'text' ? parsed.text : ''
    for (const { name, what } of given) expect(text).toMatch(new RegExp(`${name}.*${escaped(what)}`))
    for (const [name, { what }] of Object.entries<OptionSpec>(options)) {
      expect(text).toMatch(new RegExp(`--${name}.*${escaped(what)}`))
    }
    for (const { command } of shown) expect(text).toContain(`ztos ${command}`)
    expect(text).toContain('--json')
  },
)

/** Words of a shell line, of which examples use single quotes and redirection alone. */
function words(line: string): string[] {
  const found = line.replace(/ > .*$/, '').match(/'[^']*'|\S+/g) ?? []
  return found.map((word) => word.replace(/^'(.*)'$/, '$1'))
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
