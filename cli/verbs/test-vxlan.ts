/**
 * `ztos test vxlan`.
 *
 * @module
 */
import type { Run } from '../invocation.js'
import { suiteAnswer } from '../suite-answer.js'

export const run: Run<'test vxlan'> = async (invocation) => suiteAnswer('vxlan', invocation)
