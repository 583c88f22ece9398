/**
 * Connections of a client to engines and the probe themselves: what is asked often goes without labd in between.
 *
 * @module
 */
import { Channel, type Answer, type Request } from './channel.js'
import { LabError } from './errors.js'

export class DirectChannels {
  private readonly channels = new Map<string, Promise<Channel>>()

  /**
   * Asks by the direct way, and by the other when the direct one is closed: who is at its end then says why.
   *
   * @param socket path of the one that is asked
   */
  async ask(
    socket: string,
    title: string,
    request: Request,
    timeout: number,
    otherwise: () => Promise<Answer>,
  ): Promise<Answer> {
    try {
      const channel = await this.open(socket, title)
      return await channel.request(request, { timeout })
    } catch (error) {
      if (!(error instanceof LabError) || error.code !== 'ZT_LAB_CONNECTION') throw error
      return otherwise()
    }
  }

  close(): void {
    for (const opening of this.channels.values()) void closeWhenOpen(opening)
    this.channels.clear()
  }

  private open(socket: string, title: string): Promise<Channel> {
    const known = this.channels.get(socket)
    if (known !== undefined) return known
    const opening = this.connect(socket, title)
    this.channels.set(socket, opening)
    return opening
  }

  private async connect(socket: string, title: string): Promise<Channel> {
    try {
      const channel = await Channel.open(socket, title)
      channel.onClose = () => this.channels.delete(socket)
      return channel
    } catch (error) {
      this.channels.delete(socket)
      throw error
    }
  }
}

async function closeWhenOpen(opening: Promise<Channel>): Promise<void> {
  const [opened] = await Promise.allSettled([opening])
  if (opened.status === 'fulfilled') opened.value.close()
}
