#!/usr/bin/env node
/**
 * Runs the benches, prints a table, writes the figures to `bench/out/`. A slow figure is no failure; a bench that cannot do its
 * work is.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { aeadBench } from './aead.js'
import { containerlabUpBench } from './containerlab-up.js'
import { controlPlaneBench } from './control-plane.js'
import { convergeBench } from './converge.js'
import { root } from './demo.js'
import { engineBench } from './engine.js'
import { failoverBench } from './failover.js'
import { evpnEngineBench } from './evpn-engine.js'
import type { Bench, Figure, Skip } from './figure.js'
import { forwardingBench } from './forwarding.js'
import { circumstances, load } from './host.js'
import { latencyBench } from './latency.js'
import { labScenarios } from './lab-scenarios.js'
import { labUpBench } from './lab-up.js'
import { machineBench } from './machine.js'
import { macsecBench } from './macsec.js'
import { summed, tableOf, type Result } from './result.js'
import { twinScenarios } from './twin-scenarios.js'
import { verifyBench } from './verify.js'
import { wireguardBench } from './wireguard.js'

const benches: readonly Bench[] = [
  twinScenarios,
  labUpBench,
  labScenarios,
  verifyBench,
  machineBench,
  aeadBench,
  macsecBench,
  wireguardBench,
  engineBench,
  forwardingBench,
  latencyBench,
  controlPlaneBench,
  convergeBench,
  evpnEngineBench,
  failoverBench,
  containerlabUpBench,
]
const LEAST_RUNS = 5

const usage = `usage: node dist/bench/main.js [--only NAME]... [--runs N] [--json]
  --only NAME  one of these, repeatable
${benches.map(({ name, what }) => `                 ${name.padEnd(16)} ${what}`).join('\n')}
  --runs N     runs of each figure, ${LEAST_RUNS} or more
  --json       print the result as JSON on standard output`

interface Choice {
  readonly chosen: readonly Bench[]
  readonly runs: number
  readonly json: boolean
}

/** @returns a sentence when the arguments are wrong */
function choose(argv: readonly string[]): Choice | string | undefined {
  let values
  try {
    const options = {
      only: { type: 'string', multiple: true },
      runs: { type: 'string', default: String(LEAST_RUNS) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    } as const
    values = parseArgs({ args: [...argv], options }).values
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  if (values.help) return undefined
  const only = values.only ?? []
  const unknown = only.find((name) => !benches.some((bench) => bench.name === name))
  if (unknown !== undefined) return `--only ${unknown}: there is no such bench`
  const runs = Number(values.runs)
  if (!/^\d+$/.test(values.runs) || runs < LEAST_RUNS) return `--runs ${values.runs}: ${LEAST_RUNS} or more`
  const chosen = benches.filter(({ name }) => only.length === 0 || only.includes(name))
  return { chosen, runs, json: values.json }
}

async function measure({ chosen, runs }: Choice, signal: AbortSignal): Promise<Result> {
  const taken = new Date().toISOString()
  const loads: Record<string, readonly number[]> = { before: load() }
  const figures: Figure[] = []
  const skipped: Skip[] = []
  const failed: Skip[] = []
  for (const { name, run } of chosen) {
    const say = (line: string) => process.stderr.write(`${name}: ${line}\n`)
    try {
      for (const one of await run({ runs, signal, say })) {
        if ('reason' in one) skipped.push(one)
        else figures.push(one)
      }
    } catch (error) {
      signal.throwIfAborted()
      // What the others measure is not worth less for it.
      const reason = error instanceof Error ? error.message : String(error)
      say(`failed: ${reason}`)
      failed.push({ name, reason })
    }
    loads[name] = load()
  }
  return {
    format: 'ztos-bench',
    version: 1,
    taken,
    circumstances: await circumstances(),
    load: loads,
    figures: figures.map(summed),
    skipped,
    failed,
  }
}

async function main(): Promise<number> {
  const choice = choose(process.argv.slice(2))
  if (choice === undefined) {
    console.log(usage)
    return 0
  }
  if (typeof choice === 'string') {
    console.error(`bench: ${choice}\n${usage}`)
    return 2
  }
  const controller = new AbortController()
  // The first signal lets each bench take down what it brought up; a second one ends this process at once, and labs with it.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort())
  try {
    const result = await measure(choice, controller.signal)
    const text = `${JSON.stringify(result, undefined, 2)}\n`
    const file = path.join(root, 'bench/out', `${result.taken.replaceAll(/[:.]/g, '-')}.json`)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
    process.stdout.write(
      choice.json ? text : `${tableOf(result)}\n\nwritten to ${path.relative(root, file)}\n`,
    )
    return result.failed.length === 0 ? 0 : 1
  } catch (error) {
    if (controller.signal.aborted) {
      console.error('bench: stopped; no lab is left')
      return 130
    }
    console.error(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    return 1
  }
}

process.exitCode = await main()
