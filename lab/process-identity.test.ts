import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import {
  identify,
  isAlive,
  LAB_MARK,
  labMark,
  markedProcesses,
  parseStat,
  processesIn,
  signalProcess,
} from './process-identity.js'

describe('/proc/<pid>/stat', () => {
  it('is read past a name with blanks and parentheses', () => {
    const fields = Array.from({ length: 49 }, (_, n) => String(n + 4))
    expect(parseStat(`42 (a) b (c)) S ${fields.join(' ')}`)).toEqual({
      command: 'a) b (c)',
      state: 'S',
      startTime: '22',
    })
  })

  it.each(['', '42', '42 (cut', '42 (x) S 1 2'])('is refused when it is %j', (text) => {
    expect(parseStat(text)).toBeUndefined()
  })
})

describe('processes', () => {
  it('are this one by pid and start time, and not an earlier one of the same pid', () => {
    const self = identify(process.pid)!
    expect(isAlive(self)).toBe(true)
    expect(isAlive({ ...self, startTime: String(Number(self.startTime) - 1) })).toBe(false)
  })

  it('are not signalled when the pid is another process now', () => {
    expect(signalProcess({ pid: process.pid, startTime: '1' }, 'SIGKILL')).toBe(false)
  })

  it('are found by the mark of their lab, and are gone when killed', async () => {
    const mark = labMark(4_000_000_000, 'testid')
    const child = spawn('sleep', ['60'], { env: { [LAB_MARK]: mark }, stdio: 'ignore' })
    const other = spawn('sleep', ['60'], { env: { [LAB_MARK]: `${mark}x` }, stdio: 'ignore' })
    await Promise.all([once(child, 'spawn'), once(other, 'spawn')])
    const found = markedProcesses(mark)
    expect(found).toMatchObject([{ pid: child.pid, command: 'sleep' }])
    expect(found.map((identity) => signalProcess(identity, 'SIGKILL'))).toEqual([true])
    await once(child, 'exit')
    expect(found.map(isAlive)).toEqual([false])
    other.kill()
  })

  it('are found by the network namespace they are in', () => {
    expect(processesIn(['/proc/self/ns/net', '/nowhere']).some(({ pid }) => pid === process.ppid)).toBe(true)
  })
})
