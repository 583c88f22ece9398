/**
 * The Debian part of the node image: made by mmdebstrap from where this host gets its packages, as root or in a user namespace.
 *
 * @module
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { runCommand, tryCommand } from '../command.js'
import { PACKAGES, SUITE, TIME } from './recipe.js'

/** ms: packages are fetched. */
const TIMEOUT = 15 * 60_000

/** What of apt's settings says how packages are reached and who signs them, carried over; `recipe.ts` leaves it out of the image. */
const CARRY = `for d in apt.conf.d auth.conf.d preferences.d keyrings trusted.gpg.d; do
  if [ -d "/etc/apt/$d" ]; then mkdir -p "$1/etc/apt/$d"; cp -a "/etc/apt/$d/." "$1/etc/apt/$d/"; fi
done`

/** @throws LabError `ZT_LAB_MISSING` without mmdebstrap, `ZT_LAB_COMMAND` with what it said */
export async function makeRoot(archive: string): Promise<void> {
  await runCommand(
    'the Debian root of the node image',
    [
      'mmdebstrap',
      '--quiet',
      '--format=tar',
      '--variant=minbase',
      `--include=${PACKAGES.join(',')}`,
      `--setup-hook=${CARRY}`,
      SUITE,
      archive,
      ...aptSources(),
    ],
    // Passwords' days are counted from it, and files are no younger.
    { timeout: TIMEOUT, env: { SOURCE_DATE_EPOCH: String(TIME) } },
  )
}

/**
 * What packages would be taken now, by apt's lists on this host: a new version of one is a new image. Those that they need are not looked at.
 *
 * @returns their paragraphs' names and versions; nothing where there are no lists
 */
export async function candidates(): Promise<readonly string[]> {
  const { stdout } = await tryCommand(['apt-cache', 'show', '--no-all-versions', ...PACKAGES])
  return stdout.split('\n').filter((line) => /^(Package|Version): /.test(line))
}

function aptSources(): string[] {
  const folder = '/etc/apt'
  const parts = path.join(folder, 'sources.list.d')
  return [...list(folder, folder), ...list(parts, parts)]
    .filter((file) => /\.(list|sources)$/.test(file))
    .sort()
}

function list(folder: string, into: string): string[] {
  try {
    return readdirSync(folder).map((name) => path.join(into, name))
  } catch {
    // Not there: all sources are in the other place.
    return []
  }
}
