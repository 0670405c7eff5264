// A service takes a cache by its contract and never knows which engine is behind it.
import { type BaseCache, MemoryCache } from 'cachette'

interface User {
  readonly id: number
  readonly name: string
}

interface Database {
  findUser(id: number): Promise<User | null>
}

class UserService {
  readonly #db: Database
  readonly #users: BaseCache<User>

  constructor(cache: BaseCache, db: Database) {
    this.#db = db
    this.#users = cache.namespace<User>('user', { ttl: { minutes: 30 }, keyVersion: 2 })
  }

  async getUser(id: number): Promise<User | null> {
    return this.#users.getOrSet(String(id), () => this.#db.findUser(id))
  }
}

const db: Database = {
  async findUser(id) {
    console.log('asking the database for user', id)
    return id === 7 ? { id, name: 'Ada' } : null
  },
}
const cache = new MemoryCache()
const service = new UserService(cache, db)
for (const id of [7, 7, 8, 8]) console.log(await service.getUser(id))

for await (const key of cache.keys()) console.log('stored under', key)
await cache.close()
