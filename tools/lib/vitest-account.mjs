/**
 * A vitest reporter that counts: tests, errors outside tests, skips with their reasons.
 *
 * @module
 */

/**
 * @typedef {import('vitest/node').Reporter} Reporter
 * @typedef {import('vitest/node').TestModule} TestModule
 * @typedef {import('vitest/node').TestCase} TestCase
 * @typedef {import('vitest/node').TestSuite} TestSuite
 * @typedef {{ id: string, state: string, ms: number, meta?: object, annotations?: string[] }} TestAccount
 */

/** @implements {Reporter} */
export class VitestAccount {
  /** @type {import('./counts.mjs').Counts} */
  counts = { passed: 0, failed: 0, skipped: [], failures: [] }

  /** @type {TestAccount[]} */
  tests = []

  /**
   * @param {readonly TestModule[]} modules
   * @param {readonly { message?: string }[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    for (const module of modules) this.#countModule(module)
    for (const error of unhandledErrors) this.#fail('outside any test', error.message)
  }

  /** @param {TestModule} module */
  #countModule(module) {
    for (const error of module.errors()) this.#fail(module.relativeModuleId, error.message)
    for (const suite of module.children.allSuites()) {
      for (const error of suite.errors()) this.#fail(idOf(suite), error.message)
    }
    for (const test of module.children.allTests()) this.#countTest(test)
  }

  /** @param {TestCase} test */
  #countTest(test) {
    const id = idOf(test)
    const result = test.result()
    switch (result.state) {
      case 'passed':
        this.counts.passed += 1
        break
      case 'failed':
        this.#fail(id, result.errors[0]?.message)
        break
      case 'skipped':
        this.counts.skipped.push({ name: id, reason: result.note ?? '' })
        break
      case 'pending':
        this.#fail(id, 'never finished')
        break
    }
    const meta = test.meta()
    const annotations = test.annotations().map(({ type, message }) => `${type}: ${message}`)
    this.tests.push({
      id,
      state: result.state,
      ms: Math.round(test.diagnostic()?.duration ?? 0),
      ...(Object.keys(meta).length > 0 && { meta }),
      ...(annotations.length > 0 && { annotations }),
    })
  }

  /**
   * @param {string} where
   * @param {string | undefined} message
   */
  #fail(where, message) {
    this.counts.failed += 1
    this.counts.failures.push(`${where}: ${openingOf(message ?? 'no message')}`)
  }
}

/** Characters: whoever has only the end of what a run printed still finds every failure there. */
const LONGEST_OPENING = 400

/** As one line: of a command that failed, what it said itself begins on the second. @param {string} message */
function openingOf(message) {
  const lines = message.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
  const opening = lines.slice(0, 4).join(' / ')
  return opening.length > LONGEST_OPENING ? `${opening.slice(0, LONGEST_OPENING)}…` : opening
}

/** @param {TestCase | TestSuite} task */
function idOf(task) {
  return `${task.module.relativeModuleId} > ${task.fullName}`
}
