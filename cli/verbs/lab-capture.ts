/**
 * `ztos lab capture`.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { ExitStatus } from '../../record/exit-status.js'
import { readCapture } from '../../twin/packet/index.js'
import type { Run } from '../invocation.js'
import { withLab } from '../lab-access.js'
import { named } from '../names.js'
import { writeOutputBy } from '../output-file.js'
import { counted } from '../table.js'

export const run: Run<'lab capture'> = async ({ arguments: { id, link, file }, options, io, progress }) => {
  const { seconds } = options
  await withLab(id, async (lab) => {
    const wires = [...lab.plan.links.map((one) => one.id), ...lab.plan.hosts.map((one) => one.id)]
    named('link or host', link, wires, (name) => name, `lab ${id}`)
    const until = seconds === undefined ? 'until Ctrl-C' : `for ${seconds} s`
    await progress.stage(`capturing ${link} of lab ${id} ${until}`, async () =>
      writeOutputBy(file, async (name) =>
        lab.capture(link, name, { signal: io.signal, ...(seconds === undefined ? {} : { seconds }) }),
      ),
    )
  })
  const frames = readCapture(readFileSync(file)).packets.length
  return {
    // To be interrupted is how a capture without end ends; one that was cut short is still kept.
    exit: seconds !== undefined && io.signal.aborted ? ExitStatus.Interrupted : ExitStatus.Holds,
    json: () => ({ format: 'ztos-lab-capture', version: 1, id, link, file, frames }),
    text: () => `${file}: ${counted(frames, 'frame')} of ${link}\n`,
  }
}
