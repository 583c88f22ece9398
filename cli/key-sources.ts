/**
 * The file of key sources that a verb was given.
 *
 * @module
 */
import type { Io } from './io.js'

/** By the option, else by the environment. */
export function keySourcesOf(
  options: { readonly 'key-sources': string | undefined },
  { env }: Pick<Io, 'env'>,
): { readonly keySources?: string } {
  const file = options['key-sources'] ?? env['ZTOS_KEY_SOURCES']
  return file === undefined || file === '' ? {} : { keySources: file }
}
