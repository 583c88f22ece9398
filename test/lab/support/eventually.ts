import { vi } from 'vitest'

/** ms, as `expect.poll` has it by `vitest.config.ts`: a host that has stalled for a second is no failure. */
const PATIENCE = 10_000

/** Until the check throws no more; fails with what it threw last. @param timeout ms, where that is what is tested */
export const eventually = <T>(check: () => T | Promise<T>, timeout = PATIENCE): Promise<T> =>
  vi.waitFor(check, { timeout })
