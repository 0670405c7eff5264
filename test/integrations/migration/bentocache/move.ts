// Each release of the service on its own, one after the other, as a deploy brings them.
import type { Database } from '../database.ts'
import * as after from './after.ts'
import * as before from './before.ts'
import * as both from './both.ts'

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'
const releases = {
  before: before.users,
  'the old one, beside': both.oldUsers,
  'the new one, beside': both.users,
  after: after.users,
}
for (const [release, users] of Object.entries(releases)) {
  const names = new Map([[7, 'Ada']])
  const db: Database = {
    find: async (id) => ({ id, name: names.get(id) ?? '' }),
    rename: async (id, name) => void names.set(id, name),
  }
  const service = await users(url, db)
  const read = await service.find(7)
  await service.rename(7, 'Grace')
  console.log(`${release}: ${read?.name}, then ${(await service.find(7))?.name}`)
  await service.rename(7, 'Ada')
  await service.close()
}
