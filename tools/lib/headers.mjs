/**
 * C headers, made from the contract: constants, and X-macro lists from which the C side makes its tables.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CONTROL_VERSION, EngineRequest, JOURNALLED_OPS, MAX_MESSAGE } from '../../dist/contract/control.js'
import * as journal from '../../dist/contract/journal.js'
import { Interface, PROGRAM_VERSION } from '../../dist/contract/program.js'

const kebab = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)

const fateTable = z
  .strictObject({
    version: z.int(),
    fates: z.array(
      z.strictObject({
        code: z.int().min(1).max(65535),
        name: kebab,
        kind: z.enum(['drop', 'consume']),
        clause: z.string().regex(/^[A-Z0-9]+-\d+$/),
        meaning: z.string().min(1),
      }),
    ),
  })
  // C counts fates in an array indexed by code.
  .refine(({ fates }) => fates.every(({ code }, index) => code === index + 1), 'codes must run 1, 2, 3, …')
  .refine(({ fates }) => new Set(fates.map(({ name }) => name)).size === fates.length, 'names must be unique')

/**
 * @returns {[file: string, text: string][]} as they lie in the repository
 */
export function headers() {
  return [
    header('fates', 'contract/fates.json', fates()),
    header('journal', 'contract/journal.ts', journalRecords()),
    header('control', 'contract/control.ts', control()),
    header('program', 'contract/program.ts', program()),
  ]
}

function fates() {
  const text = readFileSync(new URL('../../contract/fates.json', import.meta.url), 'utf8')
  const table = fateTable.parse(JSON.parse(text))
  const rows = table.fates.map(({ code, name, kind, clause, meaning }) =>
    [upper(name), code, quote(name), upper(kind), quote(clause), quote(meaning)].join(', '),
  )
  return `#define ZT_FATES_VERSION ${table.version}

enum zt_fate_kind { ZT_FATE_DROP, ZT_FATE_CONSUME };

/* Codes run from 1 to ZT_FATE_MAX without gap; 0 is no fate. */
#define ZT_FATE_MAX ${table.fates.length}

${list('FATE', '_(NAME, code, "name", DROP or CONSUME, "CLAUSE", "meaning")', rows)}

enum zt_fate {
    ZT_FATE_NONE = 0,
#define ZT_FATE_ENUM_(name, code, ...) ZT_FATE_##name = code,
    ZT_FOREACH_FATE(ZT_FATE_ENUM_)
#undef ZT_FATE_ENUM_
};

/* The name as the contract writes it, or NULL for a code that is none. */
static inline const char *zt_fate_name(unsigned int code)
{
    switch (code) {
#define ZT_FATE_NAME_(name, code, text, ...)                                                       \\
    case code:                                                                                     \\
        return text;
        ZT_FOREACH_FATE(ZT_FATE_NAME_)
#undef ZT_FATE_NAME_
    default:
        return (const char *)0;
    }
}
`
}

function journalRecords() {
  const rows = Object.entries(journal.RecordType).map(([name, type]) => `${upper(spaced(name))}, ${type}`)
  return `#define ZT_JOURNAL_MAGIC ${quote(journal.JOURNAL_MAGIC)}
#define ZT_JOURNAL_VERSION ${journal.JOURNAL_VERSION}
#define ZT_JOURNAL_HEADER_LENGTH ${journal.JOURNAL_HEADER_LENGTH}
#define ZT_JOURNAL_RECORD_HEADER_LENGTH ${journal.RECORD_HEADER_LENGTH}
#define ZT_JOURNAL_MAX_PAYLOAD ${journal.MAX_PAYLOAD}u

${list('JOURNAL_RECORD', '_(NAME, type); types from 16 on are outputs', rows)}

enum zt_journal_record_type {
#define ZT_JOURNAL_ENUM_(name, type) ZT_JOURNAL_##name = type,
    ZT_FOREACH_JOURNAL_RECORD(ZT_JOURNAL_ENUM_)
#undef ZT_JOURNAL_ENUM_
};

${list('JOURNALLED_OP', '_(NAME, "op"): the control requests that a CONTROL_IN record may hold', JOURNALLED_OPS.map(named))}
`
}

function control() {
  const ops = EngineRequest.options.map(({ shape }) => shape.op.value)
  return `#define ZT_CONTROL_VERSION ${CONTROL_VERSION}
/* Longest message in octets, its length prefix not counted. */
#define ZT_CONTROL_MAX_MESSAGE ${MAX_MESSAGE}u

${list('ENGINE_OP', '_(NAME, "op")', ops.map(named))}
`
}

function program() {
  const kinds = Interface.options.map(({ shape }) => shape.kind.value)
  return `#define ZT_PROGRAM_VERSION ${PROGRAM_VERSION}

${list('INTERFACE_KIND', '_(NAME, "kind")', kinds.map(named))}
`
}

/**
 * A whole header with its guard.
 *
 * @param {string} name
 * @param {string} source file that it is made from
 * @param {string} body
 * @returns {[file: string, text: string]}
 */
function header(name, source, body) {
  const guard = `ZTOS_GEN_${upper(name)}_H`
  const text = `/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Made from ${source} by 'make generate'; do not edit. */
#ifndef ${guard}
#define ${guard}

${body}
#endif
`
  return [`dataplane/include/ztos/gen/${name}.h`, text]
}

/**
 * @param {string} name
 * @param {string} comment
 * @param {readonly string[]} rows arguments of the macro, joined
 */
function list(name, comment, rows) {
  const lines = [`#define ZT_FOREACH_${name}(_)`, ...rows.map((row) => `    _(${row})`)]
  return `/* ${comment} */\n${lines.join(' \\\n')}`
}

/** @param {string} name */
function named(name) {
  return `${upper(name)}, ${quote(name)}`
}

/** @param {string} name */
function upper(name) {
  return name.toUpperCase().replaceAll('-', '_')
}

/**
 * `FrameIn` to `Frame-In`.
 *
 * @param {string} name
 */
function spaced(name) {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-')
}

/** @param {string} text */
function quote(text) {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new Error(`not plain ASCII, so not fit for a C string: ${text}`)
  return JSON.stringify(text)
}
