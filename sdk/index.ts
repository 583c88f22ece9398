/**
 * `ztos-twin`: the library. Fabric files, plans, the twin, labs, verdicts and run records.
 *
 * @example
 * ```ts
 * import { compile, loadFabric, openScenarioTarget, judgeIntent } from 'ztos-twin'
 *
 * const { fabric, problems } = loadFabric('topologies/demo.yaml')
 * if (fabric === undefined) throw new AggregateError(problems)
 * const target = await openScenarioTarget(compile(fabric), { on: 'twin' })
 * for (const intent of target.fabric.intents) console.log(await judgeIntent(target, intent))
 * ```
 * @module
 */
