/**
 * The order of test files within a stage: those first that take long, so that no worker is left with one of them at the end. It is the same
 * on every machine: nothing is remembered of an earlier run.
 *
 * @module
 */
import { BaseSequencer } from 'vitest/node'

/** Files that take ten seconds or more on two cores, the longest first. Others follow by their size. */
const LONGEST = [
  'test/mutants/control-units.test.ts',
  'test/mutants/twin-source.test.ts',
  'test/lab/survive.test.ts',
  'test/lab/daemons-faults.test.ts',
  'test/lab/dynamics.test.ts',
  'test/mutants/control-lab.test.ts',
  'test/differential/machine/engine.test.ts',
  'test/mutants/engine-source.test.ts',
  'test/lab/rib.test.ts',
  'test/lab/vm-linux.test.ts',
  'test/lab/vm-macsec.test.ts',
  'test/lab/agent.test.ts',
  'test/lab/daemons-hostile.test.ts',
  'test/lab/keys.test.ts',
  'test/lab/other-fabrics.test.ts',
  'test/lab/vm-wireguard.test.ts',
  'test/mutants/engine-run.test.ts',
  'test/lab/broken-by-hand.test.ts',
  'test/differential/fabrics/fabrics.test.ts',
  'test/lab/vm-vxlan.test.ts',
  'test/sdk/run.test.ts',
  'test/mutants/same-plan/generated.test.ts',
  'test/differential/machine/twin.test.ts',
  'test/mutants/blinding.test.ts',
  'test/lab/suites.test.ts',
  'test/lab/wireguard-go.test.ts',
  'cli/verbs/runs.test.ts',
  'test/lab/containerlab-image.test.ts',
  'test/lab/cli.test.ts',
  'test/lab/generated.test.ts',
  'test/lab/daemons-random.test.ts',
  'test/lab/crash.test.ts',
  'test/lab/daemons-limits.test.ts',
  'test/mutants/lab/demo.test.ts',
  'test/lab/daemons-order.test.ts',
  'twin/model/fuzz.test.ts',
  'test/sdk/arbitraries.test.ts',
  'test/mutants/harmless.test.ts',
  'test/lab/vm.test.ts',
  'twin/program/generated.test.ts',
  'test/lab/daemons-policy.test.ts',
  'test/lab/lab.test.ts',
  'test/mutants/same-plan/demo.test.ts',
  'test/mutants/same-plan/demo-v6.test.ts',
  'test/lab/daemons.test.ts',
  'test/lab/operator.test.ts',
  'test/differential/packet/scapy.test.ts',
  'test/differential/machine/apply.test.ts',
  'lab/labd/rotation.test.ts',
  'test/mutants/whole-run.test.ts',
  'test/sdk/scenario.test.ts',
  'test/sdk/verify.test.ts',
]

export class LongestFirst extends BaseSequencer {
  /** @override @param {Parameters<BaseSequencer['sort']>[0]} files */
  async sort(files) {
    const rank = (/** @type {string} */ file) => {
      const at = LONGEST.findIndex((name) => file.endsWith(`/${name}`))
      return at < 0 ? LONGEST.length : at
    }
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rank(a.moduleId) - rank(b.moduleId))
  }
}
