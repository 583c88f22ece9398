/**
 * What the published schema of CTRF (https://ctrf.io, specification 0.0.0) demands of a report, written from its text:
 * keys that must be there, and, since it forbids all others, those that may.
 *
 * @module
 */

type Kind = 'string' | 'text' | 'integer' | 'object' | 'uuid' | 'time' | 'status' | 'names'

interface Shape {
  readonly required: Readonly<Record<string, Kind>>
  readonly optional: Readonly<Record<string, Kind>>
}

const statuses = ['passed', 'failed', 'skipped', 'pending', 'other']

const root: Shape = {
  required: { reportFormat: 'string', specVersion: 'string', results: 'object' },
  optional: { reportId: 'uuid', timestamp: 'time', generatedBy: 'string', extra: 'object' },
}
const tool: Shape = { required: { name: 'text' }, optional: { version: 'string', extra: 'object' } }
const summary: Shape = {
  required: Object.fromEntries(
    ['tests', ...statuses, 'start', 'stop'].map((key) => [key, 'integer' as const]),
  ),
  optional: { flaky: 'integer', suites: 'integer', duration: 'integer', extra: 'object' },
}
const single: Shape = {
  required: { name: 'text', status: 'status', duration: 'integer' },
  optional: {
    id: 'uuid',
    start: 'integer',
    stop: 'integer',
    suite: 'names',
    message: 'string',
    trace: 'string',
    filePath: 'string',
    extra: 'object',
  },
}

const fits: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  text: (value) => typeof value === 'string' && value !== '',
  integer: (value) => Number.isInteger(value),
  object: isObject,
  uuid: (value) => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value),
  time: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  status: (value) => typeof value === 'string' && statuses.includes(value),
  names: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string'),
}

/** What of a report is not as the schema demands, a line each; also a summary that does not count its tests. */
export function ctrfFaults(report: unknown): string[] {
  const faults = shapeFaults('report', report, root)
  if (!isObject(report) || !isObject(report['results'])) return faults
  const { reportFormat, specVersion, results } = report
  if (reportFormat !== 'CTRF') faults.push('report.reportFormat: not CTRF')
  if (typeof specVersion === 'string' && !/^\d+\.\d+\.\d+$/.test(specVersion)) {
    faults.push('report.specVersion: no version')
  }
  const known = new Set(['tool', 'summary', 'tests', 'environment', 'extra'])
  faults.push(
    ...Object.keys(results).flatMap((key) => (known.has(key) ? [] : [`results.${key}: not known`])),
    ...shapeFaults('tool', results['tool'], tool),
    ...shapeFaults('summary', results['summary'], summary),
  )
  const { tests } = results
  if (!Array.isArray(tests)) return [...faults, 'results.tests: no array']
  return [
    ...faults,
    ...tests.flatMap((test, index) => shapeFaults(`tests.${index}`, test, single)),
    ...countFaults(results['summary'], tests),
  ]
}

function countFaults(said: unknown, tests: readonly unknown[]): string[] {
  if (!isObject(said)) return []
  const counts: (readonly [string, number])[] = [
    ['tests', tests.length],
    ...statuses.map(
      (status) =>
        [status, tests.filter((test) => isObject(test) && test['status'] === status).length] as const,
    ),
  ]
  return counts.flatMap(([key, count]) =>
    key in said && said[key] !== count ? [`summary.${key}: there are ${count}`] : [],
  )
}

function shapeFaults(where: string, value: unknown, { required, optional }: Shape): string[] {
  if (!isObject(value)) return [`${where}: no object`]
  const missing = Object.keys(required).filter((key) => !(key in value))
  const wrong = Object.entries(value).flatMap(([key, field]) => {
    const kind = required[key] ?? optional[key]
    if (kind === undefined) return [`${where}.${key}: not known`]
    return fits[kind](field) ? [] : [`${where}.${key}: no ${kind}`]
  })
  return [...missing.map((key) => `${where}.${key}: missing`), ...wrong]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
