/**
 * What `make check` and `make test` run, as data. Add a stage or a check here and nowhere else.
 *
 * A check passes when its command exits 0. A stage is either a vitest project or a command which says what it
 * counted: in the JSON file that `ZT_COUNTS` names, or by a line `N passed, N failed, N skipped` as its last, and
 * a line `SKIP name: reason` for each skip. A stage that runs no test has failed.
 *
 * Stages run one after the other, but two kinds: one that is `beside` computes and times nothing, so that it goes on beside
 * the stages behind it, with what they leave of the cores; one that is `alone` waits until nothing is beside it.
 *
 * @module
 */

/**
 * @typedef {{ name: string, what: string, command: readonly string[] }} Check
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} what
 * @property {number} minutes after which it is ended
 * @property {string} [vitest] project
 * @property {readonly string[]} [command]
 * @property {readonly string[]} [builds] targets of dataplane/Makefile that it runs
 * @property {true} [beside]
 * @property {true} [alone]
 */

/** It looks at what is not as it was, by content, when it looked last. */
const CACHED_PRETTIER = [
  'prettier',
  '--log-level=warn',
  '--cache',
  '--cache-strategy=content',
  '--cache-location=.cache/prettier/check',
]

/** Two at a time; the longest first. @type {readonly Check[]} */
export const checks = [
  {
    name: 'format',
    what: 'prettier',
    command: [...CACHED_PRETTIER, '--check', '.'],
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
    builds: ['tests'],
    command: ['make', '--no-print-directory', '-s', '-C', 'dataplane', 'test'],
  },
  { name: 'unit', what: 'tests beside their sources', minutes: 10, vitest: 'unit' },
  { name: 'property', what: 'laws over generated input', minutes: 15, vitest: 'property' },
  {
    name: 'fuzz',
    what: 'libFuzzer over parser, control socket, journal reader',
    minutes: 15,
    builds: ['fuzzers'],
    command: ['make', '--no-print-directory', '-s', '-C', 'dataplane', 'fuzz', 'SECONDS=15'],
  },
  {
    // The first run makes the node image, which the stage of containers takes from where it is kept.
    name: 'images',
    what: 'the node image made twice; containerlab as a referee of its files',
    minutes: 20,
    builds: ['all'],
    vitest: 'images',
    beside: true,
  },
  {
    name: 'differential',
    what: 'twin against engine by replay',
    minutes: 40,
    builds: ['all'],
    vitest: 'differential',
    beside: true,
  },
  {
    name: 'run',
    what: 'engine and probe on real interfaces, under ASan and UBSan',
    minutes: 15,
    builds: ['sanitized'],
    command: ['make', '--no-print-directory', '-s', '-C', 'dataplane', 'test-run'],
  },
  {
    name: 'mutant-labs',
    what: 'wrong engines and wrong daemons, all found in namespaces',
    minutes: 15,
    builds: ['all', 'mutants'],
    vitest: 'mutant-labs',
  },
  {
    name: 'mutants',
    what: 'wrong plans and wrong machines, all found',
    minutes: 25,
    builds: ['all', 'mutants'],
    vitest: 'mutants',
  },
  {
    // `ping` gives its last answer two round trips of time, however long it is told to wait: too little where a core is never idle.
    name: 'daemons',
    what: 'FRR, GoBGP and agents, in namespaces and whole labs',
    minutes: 20,
    vitest: 'daemons',
    alone: true,
  },
  {
    // It counts frames and measures times: of thousands one is lost where a core is never idle.
    name: 'lab',
    what: 'real namespaces, real data plane',
    minutes: 25,
    vitest: 'lab',
    alone: true,
  },
  {
    name: 'containerlab',
    what: 'containers of the node image under containerlab itself',
    minutes: 20,
    builds: ['all'],
    vitest: 'containerlab',
    alone: true,
  },
  { name: 'browser', what: 'the report in Chromium, offline', minutes: 10, vitest: 'browser' },
  { name: 'package', what: 'the packed tarball in an empty directory', minutes: 15, vitest: 'package' },
  {
    // It reads the accounts of all the others.
    name: 'conformance',
    what: 'features and clauses against the tests that ran',
    minutes: 2,
    command: ['node', 'tools/conformance.mjs'],
    alone: true,
  },
]
