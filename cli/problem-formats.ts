/**
 * Problems of fabric files as other programs read them.
 *
 * @module
 */
import type { Problem, Span } from '../twin/model/index.js'

/** A log of SARIF 2.1.0 (OASIS), the part that code scanning reads. */
export function sarifLog(problems: readonly Problem[], version: string): unknown {
  const rules = [...new Set(problems.map(({ code }) => code))].toSorted()
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'ztos', version, rules: rules.map((id) => ({ id })) } },
        // Section 3.14.17.
        columnKind: 'unicodeCodePoints',
        results: problems.map(({ code, severity, at, reason, remedy, related }) => ({
          ruleId: code,
          ruleIndex: rules.indexOf(code),
          level: severity,
          message: { text: `${reason}; ${remedy}` },
          locations: [location(at)],
          relatedLocations: related.map((other) => ({
            ...location(other.at),
            message: { text: other.message },
          })),
        })),
      },
    ],
  }
}

function location({ file, start, end }: Span): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(file) },
      region: {
        startLine: start.line,
        startColumn: start.column,
        endLine: end.line,
        endColumn: end.column,
      },
    },
  }
}

/** A URI reference (RFC 3986): relative as the file was named, absolute with its scheme. */
function uriOf(file: string): string {
  const encoded = file.split('/').map(encodeURIComponent).join('/')
  return file.startsWith('/') ? `file://${encoded}` : encoded
}

/** Workflow commands of GitHub Actions, a line each. */
export function githubAnnotations(problems: readonly Problem[]): string {
  return problems.map((problem) => `${annotation(problem)}\n`).join('')
}

function annotation({ code, severity, at: { file, start, end }, reason, remedy }: Problem): string {
  const place = [
    `file=${property(file)}`,
    `line=${start.line}`,
    `endLine=${end.line}`,
    // Columns are shown only of problems on one line.
    ...(start.line === end.line ? [`col=${start.column}`, `endColumn=${end.column}`] : []),
    `title=${property(code)}`,
  ]
  return `::${severity} ${place.join(',')}::${data(`${reason}; ${remedy}`)}`
}

/** What would end the command. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** What would end the property. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
