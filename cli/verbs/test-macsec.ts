/**
 * `ztos test macsec`.
 *
 * @module
 */
import type { Run } from '../invocation.js'
import { suiteAnswer } from '../suite-answer.js'

export const run: Run<'test macsec'> = async (invocation) => suiteAnswer('macsec', invocation)
