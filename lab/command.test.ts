import { describe, expect, it } from 'vitest'
import { runCommand, tryCommand } from './command.js'

describe('a command of the host', () => {
  it('gets its input, and tells what it said and how it ended', async () => {
    const argv = ['sh', '-c', 'cat; echo no >&2; exit 3']
    expect(await tryCommand(argv, { input: 'in' })).toEqual({
      argv,
      code: 3,
      signal: null,
      stdout: 'in',
      stderr: 'no\n',
    })
  })

  it('may end without reading what it is given', async () => {
    const input = 'x'.repeat(1 << 20)
    expect(await tryCommand(['true'], { input })).toMatchObject({ code: 0 })
  })

  it('tells the signal that ended it', async () => {
    expect(await tryCommand(['sh', '-c', 'kill -9 $$'])).toMatchObject({ code: null, signal: 'SIGKILL' })
  })

  it('that is not there is named, with its package', async () => {
    await expect(tryCommand(['no-such-program-of-ours'])).rejects.toMatchObject({
      code: 'ZT_LAB_MISSING',
      message: expect.stringContaining('no-such-program-of-ours'),
    })
  })

  it('is ended when its time is over', async () => {
    await expect(tryCommand(['sleep', '20'], { timeout: 50 })).rejects.toMatchObject({
      code: 'ZT_LAB_DEADLINE',
    })
  })

  it('is ended when it is cancelled', async () => {
    await expect(tryCommand(['sleep', '20'], { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      code: 'ZT_LAB_CANCELLED',
    })
  })

  it('has further environment besides its own', async () => {
    const env = { ZT_OF_A_TEST: 'here' }
    const { stdout } = await tryCommand(['sh', '-c', 'echo $ZT_OF_A_TEST $PATH'], { env })
    expect(stdout).toBe(`here ${process.env['PATH'] ?? ''}\n`)
  })

  it('that must succeed and does not throws what it said', async () => {
    await expect(runCommand('trying', ['sh', '-c', 'echo why >&2; false'])).rejects.toMatchObject({
      code: 'ZT_LAB_COMMAND',
      message: expect.stringMatching(/trying[^]*why/),
    })
  })
})
