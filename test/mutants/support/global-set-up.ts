/**
 * What all files of the stage need once: the twin compiled for its wrong copies, the table begun anew, and put together
 * when all is done.
 *
 * @module
 */
import { compileTwin } from './compile-twin.js'
import { buildEngine } from './engine.js'
import { beginTable, mergeTable } from './table.js'

export function setup(): void {
  beginTable()
  compileTwin()
  buildEngine()
}

export function teardown(): void {
  mergeTable()
}
