#!/usr/bin/env node
/**
 * `ztos-labd`: the one privileged process of a lab. It makes and holds namespaces, links, engines and the probe, and does what
 * its socket asks. One labd a lab; it ends with the lab.
 *
 *     labd --lab ID --uid UID --gid GID            serve until `down`
 *     labd --sweep ID --uid UID --gid GID          remove what is left of a lab whose labd is gone, and end
 *     labd --doctor --uid UID --gid GID            try what only root can try, and end
 *
 * @module
 */
import { appendFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { dockerFindingsOfRoot, privilegedFindings } from '../doctor/privileged.js'
import { LabError, messageOf, withoutCode } from '../errors.js'
import { isLabId } from '../names.js'
import type { LabState } from '../state.js'
import { createFolder, removeFolder, selfIdentity, type Invoker } from './folder.js'
import { RunningLab } from './running-lab.js'
import { LabdServer } from './server.js'
import { sweepLab } from './sweep.js'

/** A labd that nobody talks to was started by somebody who is gone. */
const IDLE_LIMIT = 10_000

interface Arguments {
  readonly mode: 'serve' | 'sweep' | 'doctor'
  readonly id: string
  readonly invoker: Invoker
}

function readArguments(argv: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      lab: { type: 'string' },
      sweep: { type: 'string' },
      doctor: { type: 'boolean' },
      uid: { type: 'string' },
      gid: { type: 'string' },
    },
  })
  const id = values.lab ?? values.sweep ?? ''
  const number = (text: string | undefined, name: string): number => {
    if (text !== undefined && /^\d{1,10}$/.test(text)) return Number(text)
    throw new LabError('ZT_LAB_PROTOCOL', `--${name} must be a number`)
  }
  if (values.doctor !== true && !isLabId(id))
    throw new LabError('ZT_LAB_PROTOCOL', `${JSON.stringify(id)} is no lab id`)
  if (process.geteuid?.() !== 0)
    throw new LabError('ZT_LAB_PRIVILEGE', 'labd must be root', { remedy: 'let `ztos lab up` start it' })
  return {
    mode: values.doctor === true ? 'doctor' : values.sweep === undefined ? 'serve' : 'sweep',
    id,
    invoker: { uid: number(values.uid, 'uid'), gid: number(values.gid, 'gid') },
  }
}

async function serve({ id, invoker }: Arguments): Promise<void> {
  const state: LabState = {
    format: 'ztos-lab',
    version: 1,
    id,
    uid: invoker.uid,
    fabric: '',
    created: new Date().toISOString(),
    attached: true,
    phase: 'starting',
    labd: selfIdentity(),
  }
  const paths = createFolder(invoker, state)
  const log = (line: string) => {
    try {
      appendFileSync(paths.log, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 })
    } catch {
      // The folder is gone at the very end; there is nobody left to tell.
    }
  }
  const end = (status: number) => {
    void server.close().then(() => process.exit(status))
  }
  const server = new LabdServer({
    invoker,
    id,
    lab: new RunningLab(invoker, paths, state),
    log,
    onDown: () => end(0),
  })
  const giveUp = (why: string) => {
    log(why)
    server.takeDown().then(
      () => end(0),
      (error: unknown) => {
        log(messageOf(error))
        end(1)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => giveUp(`ended by ${signal}`))
  process.on('uncaughtException', (error) => giveUp(`internal error: ${error.stack ?? error.message}`))
  try {
    await server.listen()
  } catch (error) {
    removeFolder(invoker, id)
    throw error
  }
  setInterval(() => {
    if (server.idle) giveUp('nobody came')
  }, IDLE_LIMIT).unref()
}

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2))
  if (options.mode === 'sweep') {
    const lodgers = await sweepLab(options.invoker, options.id)
    greet({ ok: true, lodgers })
  } else if (options.mode === 'doctor') {
    greet({ ok: true, findings: { ...(await privilegedFindings()), ...(await dockerFindingsOfRoot()) } })
  } else {
    await serve(options)
    greet({ ok: true })
  }
}

/** The one line on standard output; its reader may be gone already. */
function greet(greeting: object): void {
  process.stdout.on('error', () => undefined)
  process.stdout.write(`${JSON.stringify(greeting)}\n`)
}

main().catch((error: unknown) => {
  const [message = ''] = withoutCode(messageOf(error)).split('\n  remedy: ')
  greet({
    ok: false,
    code: error instanceof LabError ? error.code : 'ZT_LAB_COMMAND',
    message,
    ...(error instanceof LabError && error.remedy !== undefined ? { remedy: error.remedy } : {}),
  })
  process.exitCode = 4
})
