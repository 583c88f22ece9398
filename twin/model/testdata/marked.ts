/**
 * Fabric files whose mistakes are marked where they are expected.
 *
 * @module
 */
import { parseFabric, type LoadResult, type Problem } from '../index.js'

/** Stands before the place of an expected problem. */
const MARK = '¦'

export interface Judged {
  readonly result: LoadResult
  /** `line:column` of each mark. */
  readonly marks: readonly string[]
}

/** Reads a text without its marks. */
export function readMarked(text: string): Judged {
  const marks = text.split('\n').flatMap((line, i) => {
    const parts = line.split(MARK).slice(0, -1)
    return parts.map((_, j) => `${i + 1}:${parts.slice(0, j + 1).join('').length + 1}`)
  })
  return { result: parseFabric(text.replaceAll(MARK, ''), 'marked.yaml'), marks }
}

/** `CODE line:column`. */
export function places(problems: readonly Problem[] | undefined): readonly string[] {
  return (problems ?? []).map(({ code, at }) => `${code} ${at.start.line}:${at.start.column}`)
}
