import { EventEmitter } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { untilInterrupted } from './interrupt.js'
import { makeFolder, writeOutput, writeOutputBy } from './output-file.js'
import { onSignals } from './process-io.js'
import { progressOn } from './progress.js'
import { RunStages } from './run-progress.js'

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
    'the first %s asks for an end, the second one insists',
    (name) => {
      const source = new EventEmitter()
      const calls: string[] = []
      const controller = new AbortController()
      const { signal } = controller
      onSignals(
        source,
        controller,
        () => calls.push('first'),
        () => calls.push('second'),
      )
      expect(signal.aborted).toBe(false)
      source.emit(name)
      expect([signal.aborted, ...calls]).toEqual([true, 'first'])
      source.emit('SIGINT')
      expect(calls).toEqual(['first', 'second'])
    },
  )

  test('nobody who comes later hears them, other events they do', async () => {
    const source = new EventEmitter()
    const heard: string[] = []
    onSignals(
      source,
      new AbortController(),
      () => {},
      () => {},
    )
    source.once('SIGINT', () => heard.push('once'))
    source.on('SIGTERM', () => heard.push('on'))
    source.on('exit', () => heard.push('exit'))
    await setImmediate()
    for (const name of ['SIGINT', 'SIGTERM', 'exit']) source.emit(name)
    expect(heard).toEqual(['exit'])
  })

  test('what does not hear of an interruption is not waited for', async () => {
    const { signal } = new AbortController()
    await expect(untilInterrupted(Promise.resolve(7), signal)).resolves.toBe(7)
    const interrupted = new AbortController()
    const waiting = untilInterrupted(new Promise(() => {}), interrupted.signal)
    interrupted.abort()
    await expect(waiting).rejects.toThrow('interrupted')
  })
})

/** A stream that looks like a terminal or a pipe. */
class Sink extends Writable {
  text = ''
  constructor(
    readonly isTTY: boolean,
    readonly columns: number,
  ) {
    super()
  }
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}

describe('progress', () => {
  test('on a pipe is a line when a stage begins and one when it ends', async () => {
    const stderr = new Sink(false, 0)
    const progress = progressOn({ stderr, env: {} })
    expect(await progress.stage('one', async () => 1)).toBe(1)
    await expect(progress.stage('t\u001bwo', async () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    )
    expect(stderr.text.replaceAll(/\d+\.\d s/g, 'N s')).toBe(
      '...  one\nok   one (N s)\n...  t\\x1bwo\nFAIL t\\x1bwo (N s)\n',
    )
  })

  test('on a pipe says how far a long stage is, and not all that it is told', async () => {
    const stderr = new Sink(false, 0)
    let now = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
    await progressOn({ stderr, env: {} }).stage('one', async (say) => {
      for (; now <= 25_000; now += 1_000) say(`test\u001b ${now / 1_000}`)
    })
    clock.mockRestore()
    expect(stderr.text).toBe(
      '...  one\n     test\\x1b 10 (10 s)\n     test\\x1b 20 (20 s)\nok   one (26.0 s)\n',
    )
  })

  test('on a terminal is drawn, says what goes on, and gives the terminal back', async () => {
    const stderr = new Sink(true, 80)
    const progress = progressOn({ stderr, env: { TERM: 'xterm' } })
    const result = await progress.stage('one', async (say) => {
      say('half way')
      await setImmediate()
      return 1
    })
    expect(result).toBe(1)
    await expect(progress.stage('two', async () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(stderr.text).toContain('one')
    expect(stderr.text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stderr.text.lastIndexOf('\u001b[?25l'))
    // The error is told elsewhere, once.
    expect(stderr.text).not.toContain('no\n')
  })

  test.each([
    [80, { CI: 'true' }],
    [80, { TERM: 'dumb' }],
    [0, {}],
  ])('is plain on a terminal of %i columns with %j', async (columns, env) => {
    const stderr = new Sink(true, columns)
    await progressOn({ stderr, env }).stage('one', async () => 1)
    expect(stderr.text).toMatch(/^\.\.\. {2}one\nok {3}one \(/)
  })

  test('of a run shows its stages one after another, whatever they say and however they end', async () => {
    const shown: string[] = []
    const stages = new RunStages({
      stage: async (title, work) => {
        shown.push(`begin ${title}`)
        try {
          return await work((text) => shown.push(text))
        } catch (error) {
          shown.push('failed')
          throw error
        } finally {
          await setImmediate()
          shown.push(`end ${title}`)
        }
      },
    })
    stages.onProgress({ kind: 'stage', stage: 'twin', state: 'begin' })
    await setImmediate()
    // A lab that comes up meanwhile has no say in the twin's stage.
    stages.onProgress({ kind: 'lab', step: 'links', phase: 'set-up' })
    stages.onProgress({ kind: 'begin', place: { file: 'ztos:reach', name: 'a to b', nth: 2, of: 7 } })
    stages.onProgress({ kind: 'stage', stage: 'twin', state: 'end' })
    stages.onProgress({ kind: 'stage', stage: 'lab up', state: 'begin' })
    await setImmediate()
    await setImmediate()
    await setImmediate()
    stages.onProgress({ kind: 'lab', step: 'engines', phase: 'set-up' })
    stages.onProgress({ kind: 'stage', stage: 'lab up', state: 'failed' })
    await stages.done()
    expect(shown).toEqual([
      'begin twin',
      'ztos:reach 2 of 7: a to b',
      'end twin',
      'begin lab up',
      'engines: set-up',
      'failed',
      'end lab up',
    ])
  })
})

describe('files that verbs write', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ztos-out-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const inFolder = (name: string) => path.join(folder, name)

  test('are replaced whole, behind links too', () => {
    writeFileSync(inFolder('a'), 'old')
    symlinkSync(inFolder('a'), inFolder('link'))
    writeOutput(inFolder('link'), 'new')
    expect(readFileSync(inFolder('a'), 'utf8')).toBe('new')
    expect(readdirSync(folder).toSorted()).toEqual(['a', 'link'])
  })

  test('a device is written to, not replaced', () => {
    writeOutput('/dev/null', 'x')
    expect(readFileSync('/dev/null', 'utf8')).toBe('')
  })

  test('come whole or not at all when another writes them', async () => {
    await writeOutputBy(inFolder('a'), async (name) => writeFileSync(name, 'whole'))
    expect(readFileSync(inFolder('a'), 'utf8')).toBe('whole')
    const failing = writeOutputBy(inFolder('b'), async (name) => {
      writeFileSync(name, 'half')
      throw new Error('stopped')
    })
    await expect(failing).rejects.toThrow('stopped')
    expect(readdirSync(folder)).toEqual(['a'])
  })

  test('that cannot be are an error before anything is done', async () => {
    const unwritable = expect.objectContaining({ code: 'ZT_CLI_OUTPUT', where: inFolder('none/a') })
    expect(() => writeOutput(inFolder('none/a'), '')).toThrow(unwritable)
    let called = false
    const writing = writeOutputBy(inFolder('none/a'), async () => {
      called = true
    })
    await expect(writing).rejects.toThrow(unwritable)
    expect(called).toBe(false)
    expect(() => writeOutput(folder, '')).toThrow(expect.objectContaining({ code: 'ZT_CLI_OUTPUT' }))
  })

  test('a folder is made, not its parents', () => {
    makeFolder(inFolder('new'))
    makeFolder(inFolder('new'))
    expect(readdirSync(folder)).toEqual(['new'])
    for (const wrong of [inFolder('none/new'), '/proc/none/new']) {
      expect(() => makeFolder(wrong)).toThrow(
        expect.objectContaining({ code: 'ZT_CLI_OUTPUT', where: wrong }),
      )
    }
  })
})
