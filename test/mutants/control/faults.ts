/**
 * Wrong faults: what breaks is noticed where it is not to be, or not where it is; what is repaired stays broken.
 *
 * @module
 */
import { wrong, type ControlMutant } from './mutant.js'

const FABRIC = 'test/machine/fabric-faults.test.ts'
const TARGET = 'test/machine/target-faults.test.ts'
const FILE = 'forward/faults.js'

export const faultMutants: readonly ControlMutant[] = [
  wrong(
    'cut-keeps-carrier',
    'FAULT-1',
    'a cut link keeps its carrier',
    [FILE, "return (!this.standing.has(describe({ kind: 'link-down', link: id })) &&", 'return (true &&'],
    FABRIC,
  ),
  wrong(
    'silent-loses-carrier',
    'FAULT-2',
    'a silent link loses its carrier as a cut one does',
    [
      FILE,
      "return (!this.standing.has(describe({ kind: 'link-down', link: id })) &&",
      "return (!this.standing.has(describe({ kind: 'link-down', link: id })) && !this.standing.has(describe({ kind: 'link-silent', link: id })) &&",
    ],
    FABRIC,
  ),
  wrong(
    'silent-carries',
    'FAULT-2',
    'what is sent over a silent link arrives',
    [
      FILE,
      "this.hasCarrier(id) && !this.standing.has(describe({ kind: 'link-silent', link: id }))",
      'this.hasCarrier(id)',
    ],
    FABRIC,
  ),
  wrong(
    'powerless-keeps-carrier',
    'FAULT-3',
    'links of a node without power keep their carrier',
    [FILE, '!(this.isNodeDown(link.a.node) || this.isNodeDown(link.b.node))', 'true'],
    FABRIC,
  ),
  wrong(
    'powerless-at-one-end',
    'FAULT-3',
    'only the first end of a link counts',
    [FILE, 'this.isNodeDown(link.a.node) || this.isNodeDown(link.b.node)', 'this.isNodeDown(link.a.node)'],
    FABRIC,
  ),
  wrong(
    'silence-untold',
    'FAULT-2',
    'sessions outlive the silence of their link',
    [
      FILE,
      'down.links.add(fault.link);',
      "if (fault.kind === 'link-down')\n                        down.links.add(fault.link);",
    ],
    TARGET,
  ),
  wrong(
    'power-untold',
    'FAULT-3',
    'peers of a node without power keep its routes',
    [FILE, 'down.nodes.add(fault.node);', ';'],
    TARGET,
  ),
  wrong(
    'daemon-untold',
    'FAULT-4',
    'peers keep what a daemon had said that is gone',
    [FILE, 'down.daemons.add(fault.node);', ';'],
    TARGET,
  ),
  wrong(
    'agent-goes-on',
    'FAULT-5',
    'a leaf without its agent goes on telling',
    [FILE, 'down.agents.add(fault.node);', ';'],
    TARGET,
  ),
  wrong(
    'withdrawal-untold',
    'FAULT-6',
    'what is withdrawn is announced still',
    [FILE, 'withdrawn.push({ node: fault.node, prefix: fault.prefix });', ';'],
    TARGET,
    'test/machine/underlay-networks.test.ts',
  ),
  wrong(
    'repair-forgotten',
    'FAULT-7',
    'what is repaired stays broken',
    [FILE, '!this.standing.delete(name)', '!this.standing.has(name)'],
    FABRIC,
    'test/machine/underlay-networks.test.ts',
  ),
  wrong(
    'repair-mends-all',
    'FAULT-7',
    'one repair mends whatever is broken',
    [
      FILE,
      'if (!this.standing.delete(name)) {',
      'const had = this.standing.has(name); this.standing.clear(); if (!had) {',
    ],
    FABRIC,
  ),
]
