// A user's program, type-checked against the installed package under every supported TypeScript.
import { isCacheError, type Logger, MemoryCache } from 'cachette'
import { BoundedMap } from 'cachette/memory'
import * as testing from 'cachette/testing'

interface User {
  readonly id: number
  readonly name: string
}

const logger: Logger = { warn() {}, error() {} }
const users = new MemoryCache<User>()

export async function find(id: number): Promise<User> {
  return users.getOrSet(`user:${id}`, async () => ({ id, name: 'Ada' }))
}

export async function peek(id: number): Promise<string> {
  const user: User | undefined = await users.get(`user:${id}`)
  // @ts-expect-error a miss has to be considered
  void user.name
  return user?.name ?? 'nobody'
}

// @ts-expect-error a string is not a user
void users.getOrSet('user:1', () => 'Ada')

const map = new BoundedMap<string, number>({ maxEntries: 10 })
const size: number = map.size

try {
  await find(1)
} catch (error) {
  if (isCacheError(error)) logger.error({ code: error.code, size }, error.message)
}

void testing
