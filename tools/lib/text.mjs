/**
 * Rules on text that linters do not have.
 *
 * @module
 */

/** Comments that switch a check off, and notes of work not done. A type test may expect its error. */
const bending =
  /\b(oxlint|eslint)-disable|@ts-(ignore|nocheck)|prettier-ignore|clang-format off|\b(v8|c8|istanbul) ignore|\bNOLINT\b|\bTODO\b|\bFIXME\b|\bXXX\b|\.only\(/

/**
 * @param {string} text
 * @returns {string[]} `line: what stands there`
 */
export function bendings(text) {
  return text.split('\n').flatMap((line, index) => {
    const found = bending.exec(line)
    return found === null ? [] : [`${index + 1}: ${found[0]}`]
  })
}

/**
 * Dependencies of a manifest that are not one exact version. Peers are ranges by nature.
 *
 * @param {string} text package.json
 * @returns {string[]}
 */
export function loosePins(text) {
  const manifest = /** @type {Record<string, Record<string, string>>} */ (JSON.parse(text))
  return ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((group) =>
    Object.entries(manifest[group] ?? {})
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${name}: ${version} is no exact version`),
  )
}

/**
 * @param {string} text package-lock.json
 * @returns {string[]}
 */
export function lockedHosts(text) {
  return text.split('\n').flatMap((line, index) => {
    return line.includes('"resolved"') ? [`line ${index + 1} says where a package was fetched from`] : []
  })
}

/**
 * @param {string} text tools/packages.txt
 * @returns {string[]} `line: what is wrong`
 */
export function unexplainedPackages(text) {
  return text.split('\n').flatMap((line, index) => {
    if (line === '' || line.startsWith('#') || /^[a-z0-9][a-z0-9+.-]+ +# \S/.test(line)) return []
    return [`${index + 1}: write 'package # reason', not '${line}'`]
  })
}
