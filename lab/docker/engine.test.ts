import { expect, test } from 'vitest'
import { connectDocker } from './engine.js'

test.each([
  ['a socket that is not there', 'unix:///nowhere/docker.sock'],
  ['a port where nobody listens', 'tcp://127.0.0.1:1'],
])('%s: no engine answers, and the error says what to do', async (_what, host) => {
  await expect(connectDocker(host)).rejects.toMatchObject({
    code: 'ZT_LAB_MISSING',
    message: expect.stringContaining(`no Docker engine answers at ${host}: `),
    remedy: expect.stringContaining('DOCKER_HOST'),
  })
})
