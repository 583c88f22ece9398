/**
 * Agents beside the GoBGPs of a plain fabric, with engines that only listen.
 *
 * @module
 */
import path from 'node:path'
import { Agent } from '../../../agent/agent.js'
import { KernelRoutes } from '../../../agent/kernel-routes.js'
import { daemonPrograms } from '../../../lab/daemons/programs.js'
import { FakeEngine } from './fake-engine.js'
import type { PlainFabric } from './plain-fabric.js'

export interface FabricAgents {
  readonly agents: ReadonlyMap<string, Agent>
  readonly engines: ReadonlyMap<string, FakeEngine>
  readonly lines: readonly string[]
  close(): Promise<void>
}

export async function agentsOf(fabric: PlainFabric): Promise<FabricAgents> {
  const agents = new Map<string, Agent>()
  const engines = new Map<string, FakeEngine>()
  const lines: string[] = []
  for (const { node, namespace, control } of fabric.nodes) {
    if (control.daemon !== 'gobgp') continue
    const door = fabric.daemons.doors().find((one) => one.node === node)!
    const engine = await FakeEngine.listen(path.join(fabric.folder, `${node}.fpe`), node, [])
    const agent = new Agent({
      node,
      control,
      engine: engine.socket,
      gobgp: door.socket,
      protoFolder: daemonPrograms().protoFolder,
      kernel: { routes: new KernelRoutes({ namespace }), namespace },
      log: (line) => lines.push(line),
    })
    agent.start()
    agents.set(node, agent)
    engines.set(node, engine)
  }
  return {
    agents,
    engines,
    lines,
    async close() {
      for (const agent of agents.values()) await agent.close()
      for (const engine of engines.values()) await engine.close()
    },
  }
}
