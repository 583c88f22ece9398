/**
 * What `ztos doctor` finds out of a Docker engine that runs, with the node image and without.
 */
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ztosWith } from '../../cli/testdata/call.js'
import { programCommand } from '../../lab/programs.js'
import { dockerOfFile } from './support/docker.js'

const docker = dockerOfFile()
const Checks = z.array(
  z.object({
    id: z.string(),
    outcome: z.string(),
    detail: z.string().optional(),
    remedy: z.string().optional(),
  }),
)

async function doctored() {
  const env = { ...process.env, DOCKER_HOST: docker().engine.host }
  const { status, stdout } = await ztosWith({ env }, 'doctor', '--on', 'containerlab', '--json')
  const { able, checks } = z.object({ able: z.boolean(), checks: z.unknown() }).parse(JSON.parse(stdout))
  return { status, able, found: new Map(Checks.parse(checks).map((check) => [check.id, check])) }
}

describe('[Z23] ztos doctor --on containerlab', () => {
  test('says what the engine is, which capabilities it knows, and that all is there', async () => {
    const { engine, image } = docker()
    const { status, able, found } = await doctored()
    const { engine: version, api } = await engine.docker.version()
    expect(found.get('docker')).toMatchObject({
      outcome: 'yes',
      detail: `${version}, API ${api}, at ${engine.host}`,
    })
    expect(found.get('node-image')).toMatchObject({
      outcome: 'yes',
      detail: `${image.reference}, ${image.id.slice(0, 19)}`,
    })
    const knows = await engine.docker.knowsCapability(image.reference, 'PERFMON')
    expect(found.get('docker-capabilities')?.outcome).toBe(knows ? 'yes' : 'no')
    expect(found.get('docker-capabilities')?.remedy?.includes('ZTOS_CAP_PERFMON=SYS_ADMIN') ?? false).toBe(
      !knows,
    )
    expect(found.get('modules')).toMatchObject({ outcome: 'yes' })
    expect([able, status]).toEqual([true, 0])
    // What it asked with is gone.
    expect(await engine.docker.list({})).toEqual([])
  })

  test('without the node image says how to have it, and that the first lab makes it', async () => {
    const { engine, image } = docker()
    await engine.docker.removeImage(image.reference)
    try {
      const { status, able, found } = await doctored()
      expect(found.get('docker')?.outcome).toBe('yes')
      expect(found.get('node-image')).toMatchObject({
        outcome: 'no',
        detail: expect.stringContaining(`${image.reference} is not loaded`),
        remedy: expect.stringContaining('`ztos lab image --load`'),
      })
      expect([able, status]).toEqual([true, 0])
    } finally {
      await engine.docker.loadImage(image.archive)
    }
  })

  test('for a user who may not use the engine, root is asked', () => {
    const [file = '', ...args] = programCommand('labd')
    const env = { ...process.env, DOCKER_HOST: docker().engine.host }
    const said = execFileSync(file, [...args, '--doctor', '--uid', '65534', '--gid', '65534'], {
      env,
      encoding: 'utf8',
    })
    expect(JSON.parse(said)).toMatchObject({
      ok: true,
      findings: { docker: { outcome: 'yes' }, 'node-image': { outcome: 'yes' }, veth: { outcome: 'yes' } },
    })
  })
})
