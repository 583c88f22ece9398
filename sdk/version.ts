/**
 * The version of this package.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const Manifest = z.object({ name: z.literal('ztos-twin'), version: z.string() })

/** From `package.json`, which lies one folder up from sources and two from what is built. */
export function packageVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    const manifest = Manifest.safeParse(readManifest(new URL(place, import.meta.url)))
    if (manifest.success) return manifest.data.version
  }
  return '0.0.0'
}

function readManifest(url: URL): unknown {
  try {
    return JSON.parse(readFileSync(url, 'utf8')) as unknown
  } catch {
    // Not there: it is at the other place.
    return undefined
  }
}
