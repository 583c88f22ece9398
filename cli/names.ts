/**
 * Names that a person typed, looked up.
 *
 * @module
 */
import { suggest } from '../twin/model/names.js'
import { CliError } from './errors.js'

/** How many names an error lists. */
const LISTED = 12

/**
 * The thing of a name.
 *
 * @param what kind of thing, for the error
 * @param where what was searched, for the error
 * @throws CliError `ZT_CLI_NAME`, with the name that may have been meant
 */
export function named<Thing>(
  what: string,
  name: string,
  things: readonly Thing[],
  nameOf: (thing: Thing) => string,
  where: string,
): Thing {
  const found = things.find((thing) => nameOf(thing) === name)
  if (found !== undefined) return found
  const names = things.map(nameOf)
  throw new CliError('ZT_CLI_NAME', `there is no ${what} '${name}'`, {
    where,
    remedy: remedyFor(name, names),
  })
}

function remedyFor(name: string, names: readonly string[]): string {
  const near = suggest(name, names)
  if (near !== undefined) return `did you mean ${near}?`
  if (names.length === 0) return 'there are none'
  const more = names.length > LISTED ? ', ...' : ''
  return `use one of ${names.slice(0, LISTED).join(', ')}${more}`
}
