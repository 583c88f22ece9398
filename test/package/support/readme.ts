/**
 * The example of README.md: what a user copies first, read from the page so that the page stays true.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './project.js'

/** Two files of a user. */
export interface Example {
  /** What the scenario calls the fabric file. */
  readonly fabricName: string
  readonly fabric: string
  readonly scenario: string
}

/** @throws Error when the page holds no fabric file, or no scenario that names one */
export function readmeExample(page = path.join(root, 'README.md')): Example {
  const text = readFileSync(page, 'utf8')
  const scenario = blocks(text, 'ts').find((code) => code.includes('fabricTest('))
  const fabric = blocks(text, 'yaml').find((code) => /^ztos: 1$/m.test(code))
  const fabricName = /fabricTest(?:<[^(]*>)?\('\.\/([\w.-]+)'/.exec(scenario ?? '')?.[1]
  if (scenario === undefined || fabric === undefined || fabricName === undefined) {
    throw new Error(
      `${page} must hold a fabric file (yaml) and a scenario (ts) that names it in fabricTest('./…')`,
    )
  }
  return { fabricName, fabric, scenario }
}

function blocks(markdown: string, language: string): readonly string[] {
  return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, of]) => of === language)
    .map(([, , code]) => code ?? '')
}
