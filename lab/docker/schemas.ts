/**
 * What Docker's engine answers, as far as it is read here (API 1.41, Docker 20.10, and later).
 *
 * @module
 */
import { z } from 'zod'

const Labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((labels) => labels ?? {})

export const VersionAnswer = z.object({ Version: z.string(), ApiVersion: z.string() })

export const ListAnswer = z.array(
  z.object({
    Id: z.string(),
    /** With a slash before each. */
    Names: z.array(z.string()),
    Image: z.string(),
    Labels,
    State: z.string(),
  }),
)

const State = z.enum(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'])
const Health = z.enum(['none', 'starting', 'healthy', 'unhealthy'])

export const InspectAnswer = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  State: z.object({
    Status: State,
    /** In the namespace of the engine; 0 where nothing runs. */
    Pid: z.int(),
    ExitCode: z.int(),
    /** RFC 3339, UTC, to the nanosecond, without zeros behind. */
    FinishedAt: z.string(),
    Health: z.object({ Status: Health }).nullish(),
  }),
  Config: z.object({ Labels, Tty: z.boolean() }),
})

export const StatsAnswer = z.object({
  read: z.string(),
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }),
  memory_stats: z.object({ usage: z.number().optional() }),
  pids_stats: z.object({ current: z.number().optional() }),
})

export const ImageAnswer = z.object({
  Id: z.string(),
  RepoTags: z
    .array(z.string())
    .nullish()
    .transform((tags) => tags ?? []),
  Size: z.number(),
  Config: z.object({ Labels }),
})

/** `Pid` in the namespace of the engine; 0 once the command has ended. */
export const ExecAnswer = z.object({ ExitCode: z.int().nullable(), Pid: z.int() })
export const WaitAnswer = z.object({ StatusCode: z.int() })

export type ContainerState = z.infer<typeof State>
export type ContainerHealth = z.infer<typeof Health>
