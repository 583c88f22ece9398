/**
 * Progress of a run, told by events, shown by stages.
 *
 * @module
 */
import type { RunProgress } from '../sdk/runner/session.js'
import type { Progress, Say } from './progress.js'

/** How a stage ends. */
interface Open {
  readonly name: string
  readonly end: () => void
  readonly fail: () => void
  say: Say
}

/** Shows the stages of a run one after another. */
export class RunStages {
  readonly #progress: Progress
  #open: Open | undefined
  #shown: Promise<void> = Promise.resolve()

  constructor(progress: Progress) {
    this.#progress = progress
  }

  readonly onProgress = (event: RunProgress): void => {
    switch (event.kind) {
      case 'stage':
        if (event.state === 'begin') this.#begin(event.stage)
        else this.#end(event.state === 'failed')
        return
      case 'lab':
        // It comes up while the twin is at work, whose stage says other things.
        if (this.#open?.name.startsWith('lab') === true) this.#open.say(`${event.step}: ${event.phase}`)
        return
      case 'step':
        this.#open?.say(event.text)
        return
      case 'begin': {
        const { file, name, nth, of } = event.place
        this.#open?.say(`${file} ${nth} of ${of}: ${name}`)
        return
      }
      case 'test': {
        const { status, file, name } = event.outcome
        if (status === 'failed') this.#open?.say(`failed ${file} ${name}`)
      }
    }
  }

  /** Everything is shown: what is written now is not drawn over. */
  async done(): Promise<void> {
    this.#end(true)
    await this.#shown
  }

  #begin(name: string): void {
    this.#end(false)
    let end = () => {}
    let fail = () => {}
    const over = new Promise<void>((resolve, reject) => {
      end = resolve
      fail = () => reject(new Error(name))
    })
    const open: Open = { name, end, fail, say: () => undefined }
    this.#open = open
    // The error itself is told by whoever runs the stages.
    this.#shown = this.#shown
      .then(async () =>
        this.#progress.stage(name, async (say) => {
          open.say = say
          await over
        }),
      )
      .catch(() => undefined)
    over.catch(() => undefined)
  }

  #end(failed: boolean): void {
    if (failed) this.#open?.fail()
    else this.#open?.end()
    this.#open = undefined
  }
}
