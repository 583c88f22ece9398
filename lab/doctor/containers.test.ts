import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { containerFindings, dockerFindings, versionOf } from './containers.js'

describe("Docker's engine", () => {
  it('is not there: what only it could say is unknown', async () => {
    expect(await dockerFindings('unix:///none/docker.sock')).toEqual({
      docker: {
        outcome: 'no',
        detail: expect.stringContaining('no Docker engine answers at unix:///none/docker.sock'),
        remedy: expect.stringContaining('DOCKER_HOST'),
      },
      'docker-capabilities': { outcome: 'unknown', detail: expect.any(String) },
      'node-image': { outcome: 'unknown', detail: expect.any(String) },
    })
  })

  it('is not waited for when it takes the question and says nothing', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'zt-doctor-'))
    const silent = createServer((socket) => silent.once('end', () => socket.destroy()))
    try {
      silent.listen(path.join(folder, 'sock'))
      await once(silent, 'listening')
      const { docker } = await dockerFindings(`unix://${path.join(folder, 'sock')}`, 200)
      expect(docker).toMatchObject({ outcome: 'unknown', detail: expect.stringContaining('says nothing') })
    } finally {
      silent.emit('end')
      silent.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('containerlab', () => {
  const said = (version: string) => JSON.stringify({ version, commit: 'none' })

  it.each([
    ['0.79.0', 'yes'],
    ['0.79.0-rc1', 'yes'],
    ['0.100.2', 'yes'],
    ['1.0.0', 'yes'],
    ['0.78.9', 'no'],
    ['0.7.91', 'no'],
  ])('of version %s: %s', (version, outcome) => {
    expect(versionOf(said(version), '/bin/clab')).toMatchObject({ outcome, detail: `${version}, /bin/clab` })
  })

  it('is asked for its version where it is found, and said with its remedy where it is not', async () => {
    const { containerlab } = await containerFindings()
    const [what, says] =
      containerlab?.outcome === 'yes'
        ? [containerlab.detail, /^\d+\.\d+\.\d+, \//]
        : [containerlab?.remedy, /^install containerlab/]
    expect(what).toMatch(says)
  })
})
