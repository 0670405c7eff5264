import { randomUUID } from 'node:crypto'
import { messageOf } from '../../core/logging/thrown.ts'
import type { Logger } from '../../core/logging/logger.ts'
import type { Server } from '../server.ts'
import { bad, fine, type Check, type Finding } from './finding.ts'

/** The time for a message from this process to itself. */
const MESSAGE_MS = 2000

/** Checks scripts, the channel, and a write, read and deletion through a cache. */
export const checkRights: Check = async (server) => [
  await scriptsOf(server),
  await channelOf(server),
  await roundTripOf(server),
]

async function scriptsOf(server: Server): Promise<Finding> {
  try {
    const name = `${server.prefix}!lock:doctor`
    await server.runAt(name, 'EVAL', 'return 1', '1', name)
    return fine('scripts', 'allowed')
  } catch (error) {
    const remedy = 'allow +eval +evalsha to this user; every write runs a script'
    return bad('problem', 'scripts', `refused: ${messageOf(error)}`, remedy)
  }
}

async function channelOf({ client, names }: Server): Promise<Finding> {
  const text = `doctor ${randomUUID()}`
  let timer: NodeJS.Timeout | undefined
  const heard = await new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), MESSAGE_MS)
    const publish = (): void => {
      const args = ['PUBLISH', names.channel, text]
      void client
        .connectionFor(names.channel)
        .run({ args }, 'text')
        .catch(() => resolve(false))
    }
    client.subscribe(names.channel, (message) => message === text && resolve(true), publish)
  })
  clearTimeout(timer)
  if (heard) return fine('channel', `messages arrive on ${names.channel}`)
  return bad(
    'problem',
    'channel',
    `no message arrives on ${names.channel}, so changes by other processes arrive with the heartbeat only`,
    `allow +subscribe +publish and the channel to this user: &${names.channel}`,
  )
}

async function roundTripOf(server: Server): Promise<Finding> {
  const lines: string[] = []
  const note = (_: object, message: string): void => void lines.push(message)
  const logger: Logger = { warn: note, error: note }
  const cache = await server.cache(logger)
  const key = `doctor:${randomUUID()}`
  const began = performance.now()
  const stored = await cache.set(key, key, { ttl: 10, tags: ['doctor'] })
  const found = (await cache.get(key)) === key
  const deleted = await cache.delete(key)
  if (stored && found && deleted)
    return fine('write, read, delete', `${Math.round(performance.now() - began)} ms in all`)
  const failed = stored ? (found ? 'deleted' : 'read') : 'written'
  return bad(
    'problem',
    'write, read, delete',
    `an entry could not be ${failed}${lines.length === 0 ? '' : `: ${lines.join('; ')}`}`,
    'see the other findings; docs/redis.md lists the commands that the user needs',
  )
}
