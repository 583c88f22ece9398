/**
 * Waiting for what does not hear of interruptions itself.
 *
 * @module
 */

/**
 * What a promise brings, or a rejection when the person wants to stop. For work that leaves nothing behind: it goes on
 * unobserved until the process ends.
 */
export async function untilInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let stop = () => {}
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(new Error('interrupted', { cause: signal.reason }))
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, interrupted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
