/**
 * What runs beside the engines of an exported fabric with a control plane: files of each container, as the node image reads them
 * (`lab/image/README.md`).
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import {
  API_SOCKET,
  daemonArgv,
  daemonEnvironment,
  daemonPrivileges,
  privileges,
  programsOf,
  SOCKETS,
  type Program,
} from '../daemons/commands.js'
import { daemonFiles, GOBGP_FILES, type Controlled } from '../daemons/files.js'
import { checkFrrCan } from '../daemons/frr-config.js'
import { IN_CONTAINER, LIB } from '../image/recipe.js'
import { PROGRAM_FLAGS } from '../programs.js'

const { config, control: engine, daemons: folder, agent: agentFolder, agentUser } = IN_CONTAINER
const PROGRAMS = `/${LIB}`

/** As FRR's package makes them. */
const FRR = { user: 'frr', group: 'frr', groups: 'frrvty' }
/** By its group it gets at GoBGP's socket. */
const AGENT = { user: String(agentUser), group: String(agentUser), groups: 'frr' }

const HEADING = [
  '# NAME SOCKET COMMAND: one after the other, each when the one before listens at its socket.',
  '# When one ends, those of its paragraph begin anew.',
]

/** @returns texts by the names of their files, by node. @throws LabError `ZT_LAB_PLAN` for a control that no daemon can do */
export function controlFiles({ nodes }: Plan): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const all = nodes.flatMap(({ name: node, control }) => (control === undefined ? [] : [{ node, control }]))
  checkFrrCan(all)
  return new Map(all.map((one) => [one.node, filesOf(one, daemonFiles(one, all))]))
}

function filesOf(
  { node, control }: Controlled,
  configured: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const programs = programsOf(control)
  const files = programs.map((program): [string, string] => [
    configOf(program),
    // No container knows whether others have been up before it.
    configured.get(program === 'gobgpd' ? GOBGP_FILES.anew : configOf(program)) ?? '',
  ])
  const daemons = programs.map(daemonLine)
  if (control.daemon === 'frr') return new Map([...files, ['daemons', textOf([...HEADING, ...daemons])]])
  const agent = {
    protoFolder: `${PROGRAMS}/proto`,
    nodes: [{ node, control, engine, gobgp: `${folder}/${API_SOCKET}` }],
  }
  return new Map([
    ...files,
    ['agent.json', `${JSON.stringify(agent, null, 2)}\n`],
    ['daemons', textOf([...HEADING, ...daemons, '', agentLine()])],
  ])
}

function configOf(program: Program): string {
  return program === 'gobgpd' ? 'gobgpd.toml' : `${program}.conf`
}

function daemonLine(program: Program): string {
  const variables = Object.entries(daemonEnvironment(program)).map(([name, value]) => `${name}=${value}`)
  const argv = daemonArgv(program, {
    file: program,
    config: `${config}/${configOf(program)}`,
    folder,
    anew: true,
  })
  return [
    program,
    `${folder}/${SOCKETS[program]}`,
    'env',
    ...variables,
    'setpriv',
    ...daemonPrivileges(program, FRR),
    '--',
    ...argv,
  ].join(' ')
}

/** It writes routes into the kernel. */
function agentLine(): string {
  const socket = `${agentFolder}/status`
  return [
    'agent',
    socket,
    'setpriv',
    ...privileges(['net_admin'], AGENT),
    '--',
    'node',
    ...PROGRAM_FLAGS,
    `${PROGRAMS}/start.cjs`,
    'agents',
    '--config',
    `${config}/agent.json`,
    '--status',
    socket,
  ].join(' ')
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
