import { type Command } from 'commander'
import type { Message } from '../../core/remote/log.ts'
import { readMessage } from '../../redis/store/log/log-format.ts'
import { messageOf } from '../../core/logging/thrown.ts'
import { EXIT, Failure } from '../failure.ts'
import { count, type Host } from '../host.ts'
import type { ServerOptions } from '../server.ts'

const KINDS = { key: 'changed', tag: 'invalidated tag', flush: 'removed' } as const

/** Adds `cachette tail`. */
export function addTail(program: Command, host: Host): void {
  const command = host
    .addToServer(
      program,
      'tail',
      'Follows the changes that processes announce: tags; keys too, while a process keeps entries in its memory.',
      'npx cachette tail --filter user:',
    )
    .option('-f, --filter <text>', 'only keys and tags that contain the text')
    .option('-n, --limit <number>', 'ends after this many', count)
  host.serve<ServerOptions & { readonly filter?: string; readonly limit?: number }, []>(
    command,
    async (server, output, options) => {
      const { filter = '', limit = Infinity } = options
      let shown = 0
      await new Promise<void>((resolve, reject) => {
        const receive = (text: string): void => {
          const message = readMessage(text)
          if (message === undefined || !message.item.includes(filter) || shown >= limit) return
          shown++
          const time = new Date().toISOString()
          if (output.isJson) output.json({ time, ...factsOf(message) })
          else
            output.table(
              ['time', 'change', 'item'],
              [[time.slice(11, 23), KINDS[message.kind], message.item === '' ? 'all keys' : message.item]],
            )
          if (shown >= limit) resolve()
        }
        let isListening = false
        const begun = (): void => {
          isListening = true
          output.note(`Listening on ${server.place}, prefix ${server.prefix}. Ctrl+C ends it.`)
        }
        const lost = (refusal?: unknown): void => {
          if (refusal !== undefined) {
            const reason = `the server does not let this user follow ${server.names.channel}: ${messageOf(refusal)}`
            reject(new Failure(EXIT.unreachable, reason))
            return
          }
          // Each attempt to connect that fails is a loss, too.
          if (isListening) output.note('The connection is lost. Changes are not seen until it is back.')
          isListening = false
        }
        const end = server.client.subscribe(server.names.channel, receive, begun, lost)
        host.surroundings.signal?.addEventListener('abort', () => {
          end()
          resolve()
        })
      })
    },
  )
}

function factsOf({ kind, item, counter, partition, origin }: Message): object {
  return { kind, item, partition, counter, ...(origin === undefined ? {} : { origin }) }
}
