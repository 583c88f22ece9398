/**
 * `ztos lab image`.
 *
 * @module
 */
import { copyFileSync } from 'node:fs'
import { connectDocker } from '../../lab/docker/engine.js'
import { nodeImage } from '../../lab/image/node-image.js'
import { ExitStatus } from '../../record/exit-status.js'
import type { Run } from '../invocation.js'
import { writeOutputBy } from '../output-file.js'

export const run: Run<'lab image'> = async ({ options: { load, out }, io, progress }) => {
  // Said before the work begins.
  const docker = load ? await connectDocker(io.env['DOCKER_HOST']) : undefined
  const image = await progress.stage('making the node image', () => nodeImage())
  if (docker !== undefined)
    await progress.stage(`loading ${image.reference}`, () => docker.loadImage(image.archive))
  if (out !== undefined) await writeOutputBy(out, async (name) => copyFileSync(image.archive, name))
  const { archive, reference, id, labels } = image
  return {
    exit: ExitStatus.Holds,
    json: () => ({
      format: 'ztos-lab-image',
      version: 1,
      reference,
      id,
      archive: out ?? archive,
      loaded: load,
      labels,
    }),
    text: () =>
      [
        `${reference} ${id}`,
        ...Object.entries(labels).map(([name, value]) => `  ${name}: ${value}`),
        ...(load ? [`  loaded into Docker`] : [`  docker load -i ${out ?? archive}`]),
        '',
      ].join('\n'),
  }
}
