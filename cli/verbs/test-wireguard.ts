/**
 * `ztos test wireguard`.
 *
 * @module
 */
import type { Run } from '../invocation.js'
import { suiteAnswer } from '../suite-answer.js'

export const run: Run<'test wireguard'> = async (invocation) => suiteAnswer('wireguard', invocation)
