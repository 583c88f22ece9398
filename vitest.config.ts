import { defineConfig } from 'vitest/config'

/** Folders under test/ that are a project of their own; every other `*.test.ts` belongs to `unit`. */
const crossLayer = ['property', 'differential', 'mutants', 'lab', 'browser', 'package', 'soak'] as const

/** Of test/lab: what waits for BGP or for processes more than it works, and times nothing. Three files go side by side. */
const daemons = [
  'agent',
  'apply-daemons',
  'attacks-macsec',
  'broken-by-hand',
  'cli',
  'crash',
  'daemons*',
  'dynamics',
  'generated',
  'keys',
  'lab',
  'operator',
  'other-fabrics',
  'rib',
  'suites',
  'survive',
  'vm*',
  'wireguard-go',
].map((name) => `test/lab/${name}.test.ts`)

/** Of test/lab: what needs a Docker engine. */
const containerlab = 'test/lab/containerlab*.test.ts'
/** Of those, what needs none, and computes: the node image made anew, containerlab's own packages as a referee. */
const images = ['image', 'referee'].map((name) => `test/lab/containerlab-${name}.test.ts`)

/** Of test/mutants: what runs in namespaces, and takes time rather than work; what times a lab is with the labs. */
const mutantLabs = ['control-lab', 'engine-run'].map((name) => `test/mutants/${name}.test.ts`)
const timedMutants = 'test/mutants/lab/*.test.ts'
const ofMutants = {
  testTimeout: 240_000,
  hookTimeout: 240_000,
  globalSetup: 'test/mutants/support/global-set-up.ts',
  // Copies of the compiled twin are loaded as they are: a transformation for each would cost more than the tests.
  server: { deps: { external: [/\/\.cache\/mutants\//] } },
}

/** ms that a test waits for what is to come, where it says nothing else; `test/lab/support/eventually.ts` has the same. */
const PATIENCE = 10_000

const never = ['**/node_modules/**', 'dist/**', 'build/**', '.cache/**', 'runs/**', '**/fixtures/**']

export default defineConfig({
  resolve: {
    // As a user's import resolves, but to the sources, so that no test judges a stale dist/.
    alias: [
      { find: /^ztos-twin$/, replacement: new URL('./sdk/index.ts', import.meta.url).pathname },
      { find: /^ztos-twin\/vitest$/, replacement: new URL('./sdk/vitest.ts', import.meta.url).pathname },
    ],
  },
  test: {
    passWithNoTests: false,
    allowOnly: false,
    // The machines this must run on have two cores.
    maxWorkers: 2,
    // A failure that is seen once must say what it was: `[ Array(1) ]` does not.
    chaiConfig: { truncateThreshold: 2_000 },
    // A host that has stalled for a second is no failure.
    expect: { poll: { timeout: PATIENCE } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Two slow cores under load are no failure.
          testTimeout: 30_000,
          // Two hundred files that import much the same: to do it anew for each would cost a fifth of the stage.
          isolate: false,
          include: ['**/*.test.ts'],
          exclude: [...never, ...crossLayer.map((folder) => `test/${folder}/**`)],
        },
      },
      project('property', { testTimeout: 120_000 }),
      project('differential', { testTimeout: 600_000, hookTimeout: 600_000 }),
      project('mutants', { ...ofMutants, exclude: [...mutantLabs, timedMutants] }),
      project('mutant-labs', { ...ofMutants, include: mutantLabs }),
      // Two of them keep one of two cores busy.
      project('daemons', { testTimeout: 120_000, hookTimeout: 60_000, include: daemons, maxWorkers: 3 }),
      project('lab', {
        testTimeout: 120_000,
        hookTimeout: 60_000,
        fileParallelism: false,
        include: ['test/lab/**/*.test.ts', timedMutants],
        exclude: [...daemons, containerlab],
      }),
      project('containerlab', {
        testTimeout: 120_000,
        hookTimeout: 60_000,
        include: [containerlab],
        exclude: images,
        fileParallelism: false,
        globalSetup: 'test/lab/support/docker-set-up.ts',
      }),
      project('images', { testTimeout: 120_000, include: images }),
      // By `make soak` alone.
      project('soak', { testTimeout: 120_000, hookTimeout: 60_000, fileParallelism: false }),
      project('browser', { testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false }),
      project('package', { testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false }),
    ],
  },
})

interface ProjectOptions {
  /** Its files, where they are not those of the folder of its name. */
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly testTimeout: number
  readonly hookTimeout?: number
  /** Labs, browsers and package installs own the machine while they run: one file at a time. */
  readonly fileParallelism?: false
  readonly maxWorkers?: number
  readonly globalSetup?: string
  readonly server?: { readonly deps: { readonly external: RegExp[] } }
}

function project(name: string, { include, exclude = [], ...options }: ProjectOptions) {
  return {
    extends: true as const,
    test: {
      name,
      include: [...(include ?? [`test/${name}/**/*.test.ts`])],
      exclude: [...never, ...exclude],
      ...options,
    },
  }
}
