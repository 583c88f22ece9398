/**
 * What `make check` and `make test` run, as data. Add a stage or a check here and nowhere else.
 *
 * A check passes when its command exits 0. A stage is either a vitest project or a command which says what it
 * counted: in the JSON file that `ZT_COUNTS` names, or by a line `N passed, N failed, N skipped` as its last, and
 * a line `SKIP name: reason` for each skip. A stage that runs no test has failed.
 *
 * @module
 */

/**
 * @typedef {{ name: string, what: string, command: readonly string[] }} Check
 * @typedef {{ name: string, what: string, minutes: number, vitest?: string, command?: readonly string[] }} Stage
 */

/** Two at a time; the longest first. @type {readonly Check[]} */
export const checks = [
  {
    name: 'format',
    what: 'prettier',
    command: ['prettier', '--check', '--log-level', 'warn', '.'],
  },
  { name: 'types', what: 'every TypeScript file, tests included', command: ['tsc', '-p', 'tsconfig.json'] },
  {
    name: 'lint',
    what: 'oxlint with type information',
    command: ['oxlint', '--type-aware', '--deny-warnings', '--report-unused-disable-directives'],
  },
  { name: 'c format', what: 'clang-format', command: ['node', 'tools/format-c.mjs', '--check'] },
  { name: 'dead code', what: 'unused files, exports, dependencies', command: ['knip', '--no-progress'] },
  {
    name: 'layers',
    what: 'imports and includes, tools/layers.json',
    command: ['node', 'tools/check-layers.mjs'],
  },
  { name: 'text', what: 'no way round a check, exact pins', command: ['node', 'tools/check-text.mjs'] },
  {
    name: 'generated',
    what: 'files made from contract/',
    command: ['node', 'tools/generate.mjs', '--check'],
  },
]

/** @type {readonly Stage[]} */
export const stages = [
  {
    name: 'check',
    what: 'lint, format, dead code, layers, types',
    minutes: 10,
    command: ['node', 'tools/check.mjs'],
  },
  {
    name: 'c',
    what: 'C unit tests under ASan and UBSan',
    minutes: 15,
    command: ['make', '--no-print-directory', '-s', '-C', 'dataplane', 'test'],
  },
  {
    name: 'run',
    what: 'engine and probe on real interfaces, under ASan and UBSan',
    minutes: 15,
    command: ['make', '--no-print-directory', '-s', '-C', 'dataplane', 'test-run'],
  },
  { name: 'unit', what: 'tests beside their sources', minutes: 10, vitest: 'unit' },
  { name: 'property', what: 'laws over generated input', minutes: 15, vitest: 'property' },
  { name: 'differential', what: 'twin against engine by replay', minutes: 25, vitest: 'differential' },
  { name: 'mutants', what: 'wrong plans and wrong machines, all found', minutes: 10, vitest: 'mutants' },
  {
    name: 'daemons',
    what: 'FRR, GoBGP and agents, in namespaces and whole labs',
    minutes: 20,
    vitest: 'daemons',
  },
  { name: 'lab', what: 'real namespaces, real data plane', minutes: 25, vitest: 'lab' },
  {
    name: 'fuzz',
    what: 'libFuzzer over parser, control socket, journal reader',
    minutes: 15,
    command: ['make', '--no-print-directory', '-s', '-C', 'dataplane', 'fuzz', 'SECONDS=15'],
  },
  { name: 'browser', what: 'the report in Chromium, offline', minutes: 10, vitest: 'browser' },
  { name: 'package', what: 'the packed tarball in an empty directory', minutes: 15, vitest: 'package' },
  {
    // Last: it reads the accounts of all the others.
    name: 'conformance',
    what: 'features and clauses against the tests that ran',
    minutes: 2,
    command: ['node', 'tools/conformance.mjs'],
  },
]
