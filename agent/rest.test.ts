import { describe, expect, it } from 'vitest'
import { Rest } from './rest.js'

describe('waiting for rest', () => {
  it('is over at once when nothing is lacking', async () => {
    await expect(new Rest().until('all', () => undefined, 10)).resolves.toBeUndefined()
  })

  it('asks when work has come to an end, and at no other time', async () => {
    const rest = new Rest()
    let asked = 0
    let lacks: string | undefined = 'something'
    const waited = rest.until('all', () => (asked++, lacks), 10_000)
    expect(asked).toBe(1)
    rest.come()
    lacks = undefined
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(asked).toBe(2)
    rest.come()
    await waited
    expect(asked).toBe(3)
    rest.come()
    expect(asked).toBe(3)
  })

  it('says what is lacking when its time is over', async () => {
    await expect(new Rest().until('peers of leaf1 have come', () => 'two of them', 10)).rejects.toMatchObject(
      {
        code: 'ZT_AGENT_DEADLINE',
        message: expect.stringMatching(/peers of leaf1 have come not within 10 ms: two of them/),
      },
    )
  })
})
