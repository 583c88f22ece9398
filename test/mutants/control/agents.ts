/**
 * Wrong agents: a line of `agent/`, or of what it shares with the simulation, changed in the agents that run beside a lab's leaves.
 *
 * @module
 */
import type { SourceMutant } from '../source/index.js'

/** Chapters of the story behind which a fault shows. */
export type When = 'all have spoken' | 'one has moved' | 'all is forgotten'

export interface AgentMutant extends SourceMutant {
  readonly when: When
}

function wrong(
  id: string,
  clause: string,
  meaning: string,
  when: When,
  [file, find, replace]: readonly [string, string, string],
): AgentMutant {
  return { id, clause, meaning, when, edits: [{ file, find, replace }] }
}

export const agentMutants: readonly AgentMutant[] = [
  wrong(
    'agent-vrf-target-missing',
    'EVPN-3',
    'routes of addresses lack the route target of the VRF',
    'all have spoken',
    ['control/evpn-originator.js', "{ kind: 'route-target', target: routed.target },", ''],
  ),
  wrong('agent-flood-list-short', 'TABLE-1', 'a VTEP is missing in flood lists', 'all have spoken', [
    'control/evpn-tables.js',
    '[...new Set(ends)].toSorted(compareAddresses)',
    '[...new Set(ends)].toSorted(compareAddresses).slice(1)',
  ]),
  wrong('agent-prefixes-not-imported', 'TABLE-6', 'routes of type 5 are not imported', 'all have spoken', [
    'control/evpn-tables.js',
    'this.#prefixes(vrf, routes);',
    '',
  ]),
  wrong('agent-first-path-alone', 'TABLE-7', 'the kernel gets the best path alone', 'all have spoken', [
    'agent/best-table.js',
    '.slice(0, this.#options.limit)',
    '.slice(0, 1)',
  ]),
  wrong('agent-mobility-ignored', 'EVPN-6', 'a MAC that moves has the first number again', 'one has moved', [
    'control/evpn-announce.js',
    '? undefined : sequence + 1',
    '? undefined : 0',
  ]),
  wrong('agent-keeps-moved', 'EVPN-6', 'who has lost a MAC announces it still', 'one has moved', [
    'control/evpn-announce.js',
    'if (sequence > own)',
    'if (false)',
  ]),
  wrong('agent-withdraws-nothing', 'EVPN-2', 'what is forgotten is not withdrawn', 'all is forgotten', [
    'agent/gobgp-sink.js',
    'if (!replaced)',
    'if (false)',
  ]),
  wrong('agent-removes-nothing', 'TABLE-2', 'what was withdrawn stays in the engine', 'all is forgotten', [
    'agent/engine-sink.js',
    'const changes = changesBetween(present, target);',
    "const changes = changesBetween(present, target).filter((one) => !('to' in one) || one.to !== null);",
  ]),
]

/** What an agent is told by nobody: it must look whether the devices of its node have carrier. */
export const carrierUnread: SourceMutant = {
  id: 'agent-carrier-unread',
  clause: 'FAULT-1',
  meaning: 'the daemon is not told that a link has no carrier',
  edits: [
    {
      file: 'agent/agent.js',
      find: 'return this.#links?.hasCarrier(device) ?? true;',
      replace: 'return true;',
    },
  ],
}
