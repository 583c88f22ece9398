/**
 * Reports made from a run record. `renderReports` gives every file that a record's folder gets.
 *
 * @module
 */
import { renderHtml } from './html.js'
import { renderJunit } from './junit.js'
import { renderMarkdown } from './markdown.js'
import type { ReportInput } from './model.js'

export { renderHtml } from './html.js'
export { renderJunit } from './junit.js'
export { renderMarkdown } from './markdown.js'
export type { ReportInput } from './model.js'

/** File name → content: `report.html`, `junit.xml`, `report.md`. */
export function renderReports(input: ReportInput): Readonly<Record<string, string>> {
  return {
    'report.html': renderHtml(input),
    'junit.xml': renderJunit(input),
    'report.md': renderMarkdown(input),
  }
}
