/**
 * What all files of a stage of mutants need once: the twin compiled for its wrong copies, and the engine built with its faults.
 *
 * @module
 */
import { compileTwin } from './compile-twin.js'
import { buildEngine } from './engine.js'

export function setup(): void {
  compileTwin()
  buildEngine()
}
