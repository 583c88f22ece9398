/**
 * What a lab's processes find around them: nothing of the environment of whoever asks. What is meant for his programs is not meant for one
 * that is root, and may cost it time: a Node.js that is told of further authorities (`NODE_EXTRA_CA_CERTS`) reads them before all else.
 *
 * @module
 */

/** Of labd and of everything that it starts. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
}
