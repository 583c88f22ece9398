/**
 * Standard input for a command in a container, through a named pipe in a folder that both see: of what goes through Docker's engine the end may
 * come before the rest (containerd closes the command's input while it is still copying).
 *
 * @module
 */
import { constants, closeSync, createWriteStream, openSync, rmSync, type WriteStream } from 'node:fs'
import { runCommand } from '../command.js'

/** Words before a command that reads from the pipe. */
export function readingFrom(fifo: string): readonly string[] {
  return ['sh', '-c', 'fifo=$1 && shift && exec "$@" <"$fifo"', 'sh', fifo]
}

export class FifoInput {
  private constructor(
    private readonly file: string,
    private readonly stream: WriteStream,
  ) {}

  /** @param file a name that nobody has */
  static async make(file: string): Promise<FifoInput> {
    await runCommand('a pipe for a command', ['mkfifo', '-m', '600', file])
    // It is open when the command is there to read.
    const stream = createWriteStream(file)
    // A command that ends without reading its input is no error.
    stream.on('error', () => undefined)
    return new FifoInput(file, stream)
  }

  /** @param data absent: no more comes */
  write(data: Buffer | undefined): void {
    if (data === undefined) this.stream.end()
    else this.stream.write(data)
  }

  /** The command has ended, whether or not it ever read. */
  close(): void {
    // Opening it for writing waits for a reader, and there may never have been one.
    closeSync(openSync(this.file, constants.O_RDONLY | constants.O_NONBLOCK))
    this.stream.destroy()
    rmSync(this.file, { force: true })
  }
}
