import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Agent } from './agent.js'
import { ControlConnection } from './control-connection.js'
import { AgentError } from './errors.js'
import type { AgentState } from './state.js'
import { AgentSlot } from './slot.js'
import { StatusServer } from './status-server.js'

const state = { node: 'leaf1', idle: true } as AgentState
const agent = {
  state: () => state,
  start: vi.fn<Agent['start']>(),
  close: vi.fn<Agent['close']>(),
  settled: vi.fn<Agent['settled']>(),
  reached: vi.fn<Agent['reached']>(),
  peers: vi.fn<Agent['peers']>(),
  announces: vi.fn<Agent['announces']>(),
  resync: vi.fn<Agent['resync']>(),
}

describe('the socket of agents', () => {
  let folder: string
  let socket: string
  let server: StatusServer
  const onShutdown = vi.fn<() => void>()
  const onRenew = vi.fn<() => Promise<void>>()
  let made: number
  beforeEach(async () => {
    vi.resetAllMocks()
    made = 0
    const slot = new AgentSlot('leaf1', () => {
      made++
      return agent as unknown as Agent
    })
    await slot.start()
    folder = mkdtempSync(path.join(tmpdir(), 'zt-agent-'))
    socket = path.join(folder, 'agents.sock')
    server = new StatusServer({ socket, agents: [slot], onRenew, onShutdown })
    await server.listen()
  })
  afterEach(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })
  const ask = async (op: string, fields = '') => {
    const connection = await ControlConnection.open(socket, 'the agents')
    try {
      return await connection.request(op, fields, 1_000)
    } finally {
      connection.close()
    }
  }

  it("is its user's alone", () => {
    expect(statSync(socket).mode & 0o777).toBe(0o600)
  })

  it('renew has the configuration read again, and says what was wrong with it', async () => {
    await ask('renew')
    expect(onRenew).toHaveBeenCalledOnce()
    onRenew.mockRejectedValue(new AgentError('ZT_AGENT_CONFIG', 'there is none'))
    await expect(ask('renew')).rejects.toThrow('there is none')
  })

  it('waits for the tables that somebody expects', async () => {
    const digest = 'ab'.repeat(32)
    agent.reached.mockResolvedValueOnce()
    expect(await ask('reached', `,"expected":{"leaf1":"${digest}"},"timeout":500`)).toEqual({})
    expect(agent.reached).toHaveBeenCalledWith(digest, 500)
    agent.reached.mockRejectedValueOnce(new AgentError('ZT_AGENT_DEADLINE', 'other tables'))
    await expect(ask('reached', `,"expected":{"leaf1":"${digest}"},"timeout":500`)).rejects.toThrow(
      /ZT_AGENT_REFUSED.*other tables/,
    )
    await expect(ask('reached', `,"expected":{"leaf9":"${digest}"},"timeout":500`)).rejects.toThrow(
      /there is no agent of "leaf9" here/,
    )
    await expect(ask('reached', ',"expected":{"leaf1":"short"},"timeout":500')).rejects.toThrow(
      /ZT_AGENT_PROTOCOL/,
    )
  })

  it("tells daemons' peers", async () => {
    agent.peers.mockResolvedValueOnce([{ conf: { neighborAddress: '10.0.0.1' } }])
    expect(await ask('peers')).toEqual({
      nodes: [{ node: 'leaf1', peers: [{ conf: { neighborAddress: '10.0.0.1' } }] }],
    })
  })

  it('tells states', async () => {
    expect(await ask('state')).toEqual({ agents: [state] })
  })

  it('waits for rest, and says what is missing when it does not come', async () => {
    agent.settled.mockResolvedValueOnce(state)
    expect(await ask('settled', ',"timeout":500')).toEqual({ agents: [state] })
    expect(agent.settled).toHaveBeenCalledWith(500)
    agent.settled.mockRejectedValueOnce(new AgentError('ZT_AGENT_DEADLINE', 'leaf1 has work left'))
    await expect(ask('settled', ',"timeout":1')).rejects.toThrow(/ZT_AGENT_DEADLINE: .*leaf1 has work left/)
  })

  it('refuses what is no request and goes on', async () => {
    await expect(ask('dance')).rejects.toThrow(/ZT_AGENT_PROTOCOL/)
    const raw = connect(socket)
    raw.end(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7b]))
    await new Promise((resolve) => {
      raw.once('close', resolve)
    })
    expect(await ask('state')).toEqual({ agents: [state] })
  })

  it("ends one node's agent and begins it anew, and leaves out one that is down", async () => {
    await ask('stop', ',"node":"leaf1"')
    expect(agent.close).toHaveBeenCalledTimes(1)
    expect(await ask('state')).toEqual({ agents: [] })
    expect(await ask('settled', ',"timeout":500')).toEqual({ agents: [] })
    await ask('start', ',"node":"leaf1"')
    await ask('start', ',"node":"leaf1"')
    expect([made, agent.start.mock.calls.length]).toEqual([2, 2])
    expect(await ask('state')).toEqual({ agents: [state] })
    await expect(ask('stop', ',"node":"leaf9"')).rejects.toThrow(/ZT_AGENT_CONFIG: .*"leaf9"/)
  })

  it("tells one node's agent what to announce, as long as it runs", async () => {
    await ask('withdraw', ',"node":"leaf1","prefix":"10.1.0.0/24"')
    await ask('announce', ',"node":"leaf1","prefix":"10.1.0.0/24"')
    expect(agent.announces.mock.calls).toEqual([
      ['10.1.0.0/24', false],
      ['10.1.0.0/24', true],
    ])
    await ask('stop', ',"node":"leaf1"')
    await expect(ask('withdraw', ',"node":"leaf1","prefix":"10.1.0.0/24"')).rejects.toThrow(/does not run/)
  })

  it('ends when it is asked to, after the answer', async () => {
    expect(await ask('shutdown')).toEqual({})
    await vi.waitFor(() => expect(onShutdown).toHaveBeenCalledTimes(1))
  })
})
