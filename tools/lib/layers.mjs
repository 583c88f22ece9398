/**
 * The layer rule: which folder a file belongs to, what it imports, and whether that folder may.
 * Pure but for reading the files it is told of, so that the test can point it at a sample tree.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { parseSync } from 'oxc-parser'

/**
 * @typedef {{ file: string, line: number, message: string }} Violation
 * @typedef {{ imports: string[], product?: boolean, system?: string }} Layer
 * @typedef {{ typescript: { layers: Record<string, Layer>, packages: Record<string, string | string[]>,
 *   builtins: Record<string, string | string[]> }, c: { roots: string[], layers: Record<string, Layer> } }} Rules
 * @typedef {{ name: string, dependencies?: Record<string, string>, exports?: Record<string, unknown> }} Manifest
 * @typedef {{ specifier: string | undefined, offset: number }} Import
 */

const typescriptFile = /\.(ts|mts|mjs|js)$/
const cFile = /\.(c|h)$/

/**
 * The rules of tools/layers.json.
 *
 * @returns {Rules}
 */
export function readRules() {
  return /** @type {Rules} */ (JSON.parse(readFileSync(new URL('../layers.json', import.meta.url), 'utf8')))
}

/**
 * Every violation of the rules in a tree.
 *
 * @param {string} root folder that the files' names are relative to
 * @param {readonly string[]} files names with `/`, as `git ls-files` prints them
 * @param {Rules} rules
 * @returns {Violation[]} empty when the tree keeps the rules
 */
export function checkLayers(root, files, rules) {
  const manifest = /** @type {Manifest} */ (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')))
  return files.flatMap((file) => {
    if (typescriptFile.test(file)) return checkTypeScript(root, file, rules.typescript, manifest)
    if (cFile.test(file)) return checkC(root, file, rules.c)
    return []
  })
}

/**
 * The layer with the longest folder name that holds the file; `.` holds what lies at the top.
 *
 * @param {string} file
 * @param {Record<string, Layer>} layers
 * @returns {string | undefined}
 */
export function layerOf(file, layers) {
  for (let folder = path.posix.dirname(file); ; folder = path.posix.dirname(folder)) {
    if (folder in layers && (folder !== '.' || !file.includes('/'))) return folder
    if (folder === '.' || folder === '/') return undefined
  }
}

/**
 * @param {readonly string[]} imports
 * @param {string} layer
 */
function allows(imports, layer) {
  return imports.some(
    (pattern) =>
      pattern === '*' ||
      pattern === layer ||
      (pattern.endsWith('/**') && `${layer}/`.startsWith(pattern.slice(0, -2))),
  )
}

/**
 * @param {string} root
 * @param {string} file
 * @param {Rules['typescript']} rules
 * @param {Manifest} manifest
 * @returns {Violation[]}
 */
function checkTypeScript(root, file, rules, manifest) {
  const name = layerOf(file, rules.layers)
  const layer = name === undefined ? undefined : rules.layers[name]
  if (name === undefined || layer === undefined) {
    return [{ file, line: 1, message: 'belongs to no layer: name its folder in tools/layers.json' }]
  }
  const source = readFileSync(path.join(root, file), 'utf8')
  /** @type {Violation[]} */
  const violations = []
  for (const { specifier, offset } of importsOf(file, source)) {
    const message =
      specifier === undefined
        ? layer.product === false || name === 'sdk' || name === 'cli'
          ? undefined
          : 'imports a computed name; only sdk and cli load what a user names'
        : judgeTypeScript(file, specifier, { name, layer }, rules, manifest)
    if (message !== undefined) violations.push({ file, line: lineAt(source, offset), message })
  }
  return violations
}

/**
 * @param {string} file
 * @param {string} specifier
 * @param {{ name: string, layer: Layer }} from
 * @param {Rules['typescript']} rules
 * @param {Manifest} manifest
 * @returns {string | undefined}
 */
function judgeTypeScript(file, specifier, { name, layer }, rules, manifest) {
  const free = layer.product === false
  const isTest = file.endsWith('.test.ts')
  const target = localTarget(file, specifier, manifest)
  if (target !== undefined) {
    const to = layerOf(target, rules.layers)
    if (to === undefined) return `imports ${specifier}, which belongs to no layer`
    if (to === name || allows(layer.imports, to)) return undefined
    return `layer ${name} may not import layer ${to} (${specifier})`
  }
  if (free) return undefined
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) return `write node:${specifier}, not ${specifier}`
    const allowed = rules.builtins[name]
    if (isTest || !Array.isArray(allowed) || allowed.includes(specifier.slice('node:'.length)))
      return undefined
    return `layer ${name} is pure and may not import ${specifier}`
  }
  const packageName = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (isTest && (packageName === 'vitest' || packageName === 'fast-check')) return undefined
  if (manifest.dependencies?.[packageName] !== undefined) return undefined
  const peer = rules.packages[packageName]
  if (Array.isArray(peer) && peer.includes(name)) return undefined
  return `layer ${name} may not import package ${packageName}, which is no dependency of the product there`
}

/**
 * The file of this repository that an import names, `undefined` for packages. The package's own name counts as
 * its entry in `sdk/`.
 *
 * @param {string} file
 * @param {string} specifier
 * @param {Manifest} manifest
 * @returns {string | undefined}
 */
function localTarget(file, specifier, manifest) {
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(file), specifier)
  if (specifier === manifest.name || specifier.startsWith(`${manifest.name}/`)) {
    return `sdk/${specifier.slice(manifest.name.length + 1) || 'index'}.ts`
  }
  return undefined
}

/**
 * Static, dynamic, re-exporting and type-level imports; `specifier` is missing where it is computed.
 *
 * @param {string} file
 * @param {string} source
 * @returns {Import[]}
 */
function importsOf(file, source) {
  const parsed = parseSync(file, source)
  const error = parsed.errors[0]
  if (error !== undefined) throw new Error(`${file}: does not parse: ${error.message}`)
  /** @type {Import[]} */
  const found = []
  visit(parsed.program, (node) => {
    const reference =
      node.type === 'ImportDeclaration' ||
      node.type === 'ExportNamedDeclaration' ||
      node.type === 'ExportAllDeclaration' ||
      node.type === 'ImportExpression' ||
      node.type === 'TSImportType'
        ? /** @type {{ type?: string, value?: unknown, start?: number } | null | undefined} */ (
            node['source']
          )
        : undefined
    if (reference === undefined || reference === null) return
    const specifier = typeof reference.value === 'string' ? reference.value : undefined
    found.push({ specifier, offset: Number(node['start']) })
  })
  return found
}

/**
 * @param {unknown} node
 * @param {(node: Record<string, unknown>) => void} enter
 */
function visit(node, enter) {
  if (Array.isArray(node)) {
    for (const child of node) visit(child, enter)
  } else if (typeof node === 'object' && node !== null) {
    const record = /** @type {Record<string, unknown>} */ (node)
    if (typeof record['type'] === 'string') enter(record)
    for (const child of Object.values(record)) visit(child, enter)
  }
}

/**
 * @param {string} root
 * @param {string} file
 * @param {Rules['c']} rules
 * @returns {Violation[]}
 */
function checkC(root, file, rules) {
  const name = layerOf(file, rules.layers)
  const layer = name === undefined ? undefined : rules.layers[name]
  if (name === undefined || layer === undefined) {
    return [{ file, line: 1, message: 'belongs to no layer: name its folder in tools/layers.json' }]
  }
  const source = readFileSync(path.join(root, file), 'utf8')
  /** @type {Violation[]} */
  const violations = []
  for (const match of source.matchAll(/^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]/gm)) {
    const [, , header = ''] = match
    const message = judgeC(root, file, header, { name, layer }, rules)
    if (message !== undefined) violations.push({ file, line: lineAt(source, match.index), message })
  }
  return violations
}

/**
 * @param {string} root
 * @param {string} file
 * @param {string} header
 * @param {{ name: string, layer: Layer }} from
 * @param {Rules['c']} rules
 * @returns {string | undefined}
 */
function judgeC(root, file, header, { name, layer }, rules) {
  // A skeleton is made from the program of the same name beside the objects; it counts as bpf/.
  const made = header.endsWith('.skel.h') ? 'dataplane/bpf/made.skel.h' : undefined
  const target =
    made ??
    [path.posix.dirname(file), ...rules.roots]
      .map((folder) => path.posix.join(folder, header))
      .find((candidate) => existsSync(path.join(root, candidate)))
  if (target === undefined) {
    if (layer.system === undefined || new RegExp(layer.system).test(header)) return undefined
    return `layer ${name} may not include <${header}>`
  }
  const to = layerOf(target, rules.layers)
  if (to === undefined) return `includes ${header}, which belongs to no layer`
  if (to === name || allows(layer.imports, to)) return undefined
  return `layer ${name} may not include layer ${to} (${header})`
}

/**
 * @param {string} source
 * @param {number} offset
 * @returns {number} counted from 1
 */
function lineAt(source, offset) {
  return source.slice(0, offset).split('\n').length
}
