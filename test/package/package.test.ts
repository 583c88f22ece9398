/**
 * The packed tarball in an empty folder outside the clone, with vitest and fast-check from the registry: what a user has.
 */
import { copyFile, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestContext } from 'vitest'
import { failuresIn, type PrintedFailure } from './support/failure.js'
import { must, Project, root } from './support/project.js'
import { readmeExample } from './support/readme.js'

const example = readmeExample()
let tarball: string
let project: Project

/** Of what `ztos run --json` prints, what is read here. */
interface RunDocument {
  readonly exit: number
  readonly tests: { readonly passed: number; readonly failed: number; readonly skipped: number }
  readonly verdicts: readonly {
    readonly combined: string
    readonly verdicts: readonly { readonly name: string; readonly by: string; readonly judged: number }[]
  }[]
}

/** The strictest of options about which a user could ask, declarations of the package included. */
const tsconfig = {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'ES2023',
    module: 'NodeNext',
    types: ['node'],
  },
  include: ['*.ts'],
}

beforeAll(async () => {
  const packed = await must(root, ['node', 'tools/pack.mjs'])
  tarball = path.join(root, packed.trim().split('\n').at(-1) ?? '')
  project = await Project.create()
  const { devDependencies } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const besides = ['vitest', 'fast-check', 'typescript', '@types/node'].map(
    (name) => `${name}@${devDependencies[name] ?? 'missing'}`,
  )
  await project.typeToWork('npm init -y && npm pkg set type=module')
  // Scripts of packages stay off: the package promises to need none.
  await project.typeToWork(
    `npm install --save-exact --prefer-offline --ignore-scripts --no-audit --no-fund '${tarball}' ${besides.join(' ')}`,
  )
  await project.write('tsconfig.json', JSON.stringify(tsconfig))
  await project.write(example.fabricName, example.fabric)
  await project.write('shop.test.ts', example.scenario)
  await copyFile(
    fileURLToPath(new URL('./fixtures/leak.ts', import.meta.url)),
    path.join(project.directory, 'leak.ts'),
  )
  await project.write('leaks.test.ts', leaky(example.scenario))
})

afterAll(async () => project?.remove())

/** The same scenario on the fabric that leaks. */
function leaky(scenario: string): string {
  const opened = scenario.replace(/(fabricTest(?:<[^(]*>)?\('[^']+')\)/, '$1, { open: leaking })')
  if (opened === scenario) throw new Error(`no fabricTest('…') to give a target to in\n${scenario}`)
  return `import { leaking } from './leak.js'\n${opened}`
}

function needsRoot(context: TestContext): void {
  context.skip(process.getuid?.() !== 0, 'labs need root')
}

/** The failure of isolation, which every leak must be found by. */
function leakIn(output: string): PrintedFailure {
  const failures = failuresIn(output)
  const found = failures.find(({ finding }) => finding.startsWith('INV-ISOLATE: '))
  if (found === undefined) throw new Error(`no leak was found in\n${output}`)
  return found
}

/** A frame that a person can read, in a case which cannot be made smaller. */
function expectShrunk({ items, scenario, finding, frame }: PrintedFailure): void {
  expect({ items, scenario }).toMatchObject({ items: expect.toSatisfy((count: number) => count <= 1) })
  expect(finding).toMatch(/ received by /)
  expect(frame[0]).toMatch(/^\d+ octets$/)
  expect(frame[1]).toMatch(/^0 Ethernet: src [0-9a-f:]{17}, dst [0-9a-f:]{17}, type 0x/)
}

describe('the tarball', () => {
  test('holds engine, probe and BPF objects, and neither tests nor sources', async () => {
    const files = (await must(root, ['tar', '-tzf', tarball])).trim().split('\n')
    const platform = `package/dist/bin/${process.platform}-${process.arch}`
    expect(files).toContain(`${platform}/ztos-fpe`)
    expect(files).toContain(`${platform}/ztos-probe`)
    expect(files).toContain(`${platform}/zt_port.bpf.o`)
    expect(files).toContain('package/schema/fabric-1.json')
    expect(files.filter((name) => /\.test\.|(?<!\.d)\.ts$|\.tsbuildinfo$/.test(name))).toEqual([])
  })

  test("names node's types as what its declarations need, of those who check them", async () => {
    const manifest = JSON.parse(await must(root, ['tar', '-xzOf', tarball, 'package/package.json'])) as {
      readonly peerDependencies: Readonly<Record<string, string>>
      readonly peerDependenciesMeta: Readonly<Record<string, unknown>>
    }
    expect(Object.keys(manifest.peerDependencies)).toContain('@types/node')
    expect(manifest.peerDependenciesMeta['@types/node']).toEqual({ optional: true })
  })

  test('brings a command that needs nothing else', async () => {
    expect(await project.typeToWork(`npx ztos validate ${example.fabricName} --json`)).toContain(
      '"sound": true',
    )
    const engine = `node_modules/ztos-twin/dist/bin/${process.platform}-${process.arch}/ztos-fpe`
    expect(await project.typeToWork(`${engine} --version`)).toMatch(/\d+\.\d+/)
  })

  test("[Z37] [Z38] [Z39] brings the seed's scripts, with a fabric for each", async () => {
    for (const suite of ['wireguard', 'macsec', 'vxlan'])
      expect(
        await project.typeToWork(
          `node_modules/ztos-twin/scripts/${suite}-test.sh node_modules/ztos-twin/topologies/demo${suite === 'wireguard' ? '-wireguard' : ''}.yaml --on twin`,
        ),
      ).toMatch(/\nall \d+ ways hold\n/)
  })
})

describe("[B17] README's scenario", () => {
  test('is sound to the strict type checker', async () => {
    // tsc ends with 0 when, and only when, it has nothing to say.
    await project.typeToWork('npx tsc')
    // The check can fail: a scenario that asks for what is not there is found.
    await project.write('wrong.ts', example.scenario.replace('toIsolate', 'toIsolatee'))
    const { code, output } = await project.type('npx tsc')
    await project.delete('wrong.ts')
    expect(code).not.toBe(0)
    expect(output).toContain('wrong.ts')
    expect(output).toContain('toIsolatee')
  })

  test('holds on the twin', async () => {
    const output = await project.typeToWork('npx vitest run shop.test.ts')
    expect(output).toMatch(/Tests +[1-9]\d* passed \(\d+\)/)
  })

  test('holds in a lab', async (context) => {
    needsRoot(context)
    await project.typeToWork('npx ztos run shop.test.ts --on netns --json > run.json')
    const { exit, tests, verdicts } = JSON.parse(await project.read('run.json')) as RunDocument
    expect({ exit, failed: tests.failed, skipped: tests.skipped }).toEqual({ exit: 0, failed: 0, skipped: 0 })
    expect(tests.passed).toBeGreaterThan(0)
    expect(verdicts.map(({ combined }) => combined)).toEqual(verdicts.map(() => 'holds'))
    const judged = verdicts.flatMap(({ verdicts }) => verdicts)
    expect(judged.filter(({ by, judged }) => by !== 'netns' || judged === 0)).toEqual([])
  })
})

describe('[B17] [T05] [B04] a fabric that leaks', () => {
  test('turns it red on the twin, with a shrunk frame and a replay line that works', async () => {
    const run = await project.type('npx vitest run leaks.test.ts')
    expect(run).toMatchObject({ code: 1 })
    const leak = leakIn(run.output)
    expect(leak.on).toBe('twin')
    expectShrunk(leak)
    expect(leak.replay).toMatch(/^ZTOS_SEED=-?\d+ ZTOS_PATH=[\d:/]+ npx vitest run leaks\.test\.ts -t '/)

    const again = await project.type(leak.replay)
    expect(again.code).toBe(1)
    expect(leakIn(again.output)).toMatchObject({
      shrinks: 0,
      scenario: leak.scenario,
      finding: leak.finding,
      replay: leak.replay,
    })
  })

  test('turns it red in a lab, with a shrunk frame and a replay line that works', async (context) => {
    needsRoot(context)
    const run = await project.type('npx ztos run leaks.test.ts --on netns')
    expect(run).toMatchObject({ code: 1 })
    const leak = leakIn(run.output)
    expect(leak.on).toBe('netns')
    expectShrunk(leak)
    expect(leak.replay).toMatch(/^npx ztos replay \S+$/)

    // The record is shown again by the twin, for which nobody has to be root, and by a lab.
    for (const on of ['', ' --on netns']) {
      const again = await project.type(`${leak.replay}${on}`)
      expect(again).toMatchObject({ code: 1 })
      expect(leakIn(again.output)).toMatchObject({ scenario: leak.scenario, finding: leak.finding })
    }
  })
})
