import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Deferral } from './deferral.js'
import type { TableName } from './gobgp-api.js'

const LIMIT = 10_000
const QUIET = 1_000
const both = new Set<TableName>(['ipv4', 'evpn'])
const none = new Set<TableName>()

function deferral(...neighbours: readonly string[]) {
  const onWhole = vi.fn<() => void>()
  return { of: new Deferral(neighbours, { limit: LIMIT, quiet: QUIET }, onWhole), onWhole }
}

describe("a daemon's table is whole (RFC 4724 section 4.1)", () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('when each peer has ended each of its families, and not before what was there is told', () => {
    const { of, onWhole } = deferral('a', 'b')
    of.session('a', { established: true, markers: both })
    of.session('b', { established: true, markers: new Set(['ipv4']) })
    of.endOfRib('a', 'ipv4')
    of.endOfRib('a', 'evpn')
    of.endOfRib('b', 'ipv4')
    expect(of.whole).toBe(false)
    of.start(true)
    expect(of.whole).toBe(true)
    expect(onWhole).toHaveBeenCalledTimes(1)
  })

  it('not as long as a marker is missing, and says whose', () => {
    const { of } = deferral('a', 'b')
    of.start(true)
    of.session('a', { established: true, markers: both })
    of.session('b', { established: true, markers: new Set(['ipv4']) })
    of.endOfRib('b', 'ipv4')
    of.endOfRib('a', 'evpn')
    expect(of.awaited).toEqual(['a'])
    vi.advanceTimersByTime(LIMIT - 1)
    expect(of.whole).toBe(false)
    vi.advanceTimersByTime(1)
    expect(of.whole).toBe(true)
  })

  it('with a peer that sends no marker once nothing has come for a while', () => {
    const { of } = deferral('a')
    of.start(true)
    of.session('a', { established: true, markers: none })
    vi.advanceTimersByTime(QUIET - 1)
    of.route('a')
    vi.advanceTimersByTime(QUIET - 1)
    expect(of.whole).toBe(false)
    vi.advanceTimersByTime(1)
    expect(of.whole).toBe(true)
  })

  it('without a peer that was down already, unless the daemon has only just started', () => {
    const old = deferral('a', 'b')
    old.of.session('a', { established: true, markers: none })
    old.of.start(false)
    vi.advanceTimersByTime(QUIET)
    expect(old.of.whole).toBe(true)
    const fresh = deferral('a', 'b')
    fresh.of.session('a', { established: true, markers: none })
    fresh.of.start(true)
    vi.advanceTimersByTime(QUIET)
    expect(fresh.of.awaited).toEqual(['b'])
  })

  it('only when a session that broke off has told all anew', () => {
    const { of } = deferral('a')
    of.start(true)
    of.session('a', { established: true, markers: both })
    of.endOfRib('a', 'ipv4')
    of.session('a', { established: false, markers: none })
    of.session('a', { established: true, markers: both })
    of.endOfRib('a', 'evpn')
    expect(of.whole).toBe(false)
    of.endOfRib('a', 'ipv4')
    expect(of.whole).toBe(true)
  })

  it('never for who has closed it', () => {
    const { of, onWhole } = deferral('a')
    of.close()
    vi.advanceTimersByTime(LIMIT)
    expect(onWhole).not.toHaveBeenCalled()
  })
})
