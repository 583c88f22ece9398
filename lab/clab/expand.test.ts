import { describe, expect, it } from 'vitest'
import { expandVariables, UnclosedVariable } from './expand.js'

const environment = { SET: 'value', EMPTY: '', OTHER: 'another' }

describe('variables of a topology file', () => {
  it.each([
    ['a $SET b', 'a value b'],
    ['a ${SET} b', 'a value b'],
    ['$SET_', '$SET_'],
    ['${SET}_', 'value_'],
    ['$UNSET ${UNSET} $EMPTY ${EMPTY}', '$UNSET $UNSET $EMPTY $EMPTY'],
    ['${SET:=text} ${EMPTY:=text} ${UNSET:=text}', 'value text text'],
    ['${SET:-text} ${EMPTY:-text} ${UNSET:-text}', 'value text text'],
    ['${SET=text} ${EMPTY=text} ${UNSET=text}', 'value $EMPTY text'],
    ['${SET-text} ${EMPTY-text} ${UNSET-text}', 'value $EMPTY text'],
    ['${SET:+text}|${EMPTY:+text}|${UNSET:+text}', 'text|text|'],
    ['${SET+text}|${EMPTY+text}|${UNSET+text}', 'text|text|'],
    ['${UNSET:=$OTHER} ${UNSET:=a $OTHER}', 'another a $OTHER'],
    ['${UNSET:=ghcr.io/some:image@sha256-1}', 'ghcr.io/some:image@sha256-1'],
    ['${UNSET:=}', '$UNSET'],
    ['$$SET $$ $1 ${1} $_ $ 5 $', '$SET $ $1 ${1} $_ $ 5 $'],
    ['${} ${-x}', '${} ${-x}'],
  ])('%s becomes %s', (text, wanted) => {
    expect(expandVariables(text, environment).text).toBe(wanted)
  })

  it.each(['a ${SET', 'a ${SET\n}', '${UNSET:=text'])('says where a brace is not closed: %j', (text) => {
    expect(() => expandVariables(text, environment)).toThrow(UnclosedVariable)
    expect(() => expandVariables(text, environment)).toThrow(
      expect.objectContaining({ offset: text.indexOf('$') }),
    )
  })

  it('tells where what it made stood before', () => {
    const text = 'a: ${UNSET:=longer than it was}\nb: $SET!\n'
    const { text: made, origin } = expandVariables(text, environment)
    for (const word of ['a:', 'b:', '!'])
      expect([word, origin(made.indexOf(word))]).toEqual([word, text.indexOf(word)])
    expect(origin(made.indexOf('than'))).toBe(text.indexOf('$'))
    expect(origin(made.indexOf('value') + 2)).toBe(text.indexOf('$SET'))
  })
})
