/**
 * What labd's children find around them.
 *
 * @module
 */
import { ENVIRONMENT } from '../environment.js'
import { LAB_MARK, labMark } from '../process-identity.js'
import type { Invoker } from './folder.js'

/** Environment of everything that labd starts. */
export function childEnvironment(
  invoker: Invoker,
  lab: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    ...ENVIRONMENT,
    ...more,
    [LAB_MARK]: labMark(invoker.uid, lab),
  }
}
