// A commit whose answer is lost, and statements that name tables in other letters.
import 'reflect-metadata'
import { MemoryCache } from 'cachette'
import { TypeormCache } from 'cachette/typeorm'
import { DataSource, EntitySchema } from 'typeorm'
import { expect, it, onTestFinished } from 'vitest'

interface User {
  id: number
  name: string
  friend?: User
}

const User = new EntitySchema<User>({
  name: 'user',
  tableName: 'app_user',
  columns: { id: { type: Number, primary: true }, name: { type: String } },
  relations: { friend: { type: 'many-to-one', target: 'user', nullable: true } },
})

async function open() {
  const queries = new TypeormCache(new MemoryCache())
  const source = new DataSource({
    type: 'sqljs',
    entities: [User],
    synchronize: true,
    cache: { provider: () => queries, duration: 60_000 },
  })
  queries.watch(await source.initialize())
  onTestFinished(async () => source.destroy())
  const users = source.getRepository(User)
  await users.insert({ id: 1, name: 'Ada' })
  const name = async () => (await users.findOne({ where: { id: 1 }, cache: true }))?.name
  return { source, users, name }
}

it('a commit whose answer is lost invalidates what it may have changed', async () => {
  const { source, name } = await open()
  expect(await name()).toBe('Ada')
  // The driver has no network whose connection could be lost.
  const { driver } = source as unknown as { driver: { databaseConnection: { prepare(sql: string): object } } }
  const { databaseConnection } = driver
  const { prepare } = databaseConnection
  databaseConnection.prepare = (text) => {
    const statement = prepare.call(databaseConnection, text) as { step(): boolean }
    if (text !== 'COMMIT') return statement
    const { step } = statement
    statement.step = () => {
      step.call(statement)
      throw new Error('the connection was lost')
    }
    return statement
  }
  const written = source.transaction(async (manager) => manager.update(User, 1, { name: 'Bob' }))
  await expect(written).rejects.toThrow('the connection was lost')
  databaseConnection.prepare = prepare
  // As the next connection of another driver has it.
  Object.assign(source.createQueryRunner(), { isTransactionActive: false, transactionDepth: 0 })
  expect(await name()).toBe('Bob')
})

it('a statement invalidates the table that it names in other letters', async () => {
  const { source, name } = await open()
  expect(await name()).toBe('Ada')
  await source.query('UPDATE APP_USER SET name = ?', ['Bob'])
  expect(await name()).toBe('Bob')
})

it('removes the pages of a query with its name', async () => {
  const { source, users } = await open()
  const cache = { id: 'all', milliseconds: 60_000 }
  const found = async () => users.find({ relations: { friend: true }, order: { id: 'ASC' }, take: 5, cache })
  expect(await found()).toHaveLength(1)
  // A change that the cache does not see.
  const { driver } = source as unknown as { driver: { databaseConnection: { run(sql: string): void } } }
  driver.databaseConnection.run("insert into app_user (id, name) values (2, 'Bob')")
  expect(await found()).toHaveLength(1)
  await source.queryResultCache!.remove(['all'])
  expect(await found()).toHaveLength(2)
})
