import { cachettePrisma } from 'cachette/prisma'
import { describe, expect, it } from 'vitest'
import { onEachEngine } from '../integrations/caches.ts'
import { ROWS, staleRows, type Racing } from '../integrations/orm.ts'
import { connect, makeDatabase, plainCache, Prisma } from './database.ts'

type Client = ReturnType<typeof connect>['prisma']

/** Connects a client, over a network, to a database with the rows. */
async function open(): Promise<Client> {
  const client = await makeDatabase()
  await client.exec(`insert into app_user (name) select 'user' from generate_series(2, ${ROWS})`)
  return connect(client, { network: true }).prisma
}

describe('a write that overlaps a cached query', { timeout: 300_000 }, () => {
  it('leaves old rows in a cache by hand', async () => {
    const prisma = (await open()).$extends(plainCache())
    const racing: Racing = {
      read: async (id) => (await prisma.user.findUnique({ where: { id } }))?.score,
      write: async (id, score) => prisma.user.update({ where: { id }, data: { score } }),
    }

    expect(await staleRows('Prisma, a cache by hand', racing)).toBeGreaterThan(0)
  })

  onEachEngine(({ name, make }) => {
    // No read runs while a transaction is open, because the database has one connection.
    for (const inTransaction of [false, true]) {
      it(`leaves none ${inTransaction ? 'after a transaction' : 'after a statement'}`, async () => {
        const cache = await make()
        const prisma = (await open()).$extends(cachettePrisma(cache, { decimal: Prisma.Decimal }))
        const write = async (on: Pick<typeof prisma, 'user'>, id: number, score: number) =>
          on.user.update({ where: { id }, data: { score } })
        const racing: Racing = {
          read: async (id) => (await prisma.user.cached().findUnique({ where: { id } }))?.score,
          write: async (id, score) =>
            inTransaction
              ? prisma.$transaction(async (tx) => write(tx, id, score), { timeout: 60_000, maxWait: 60_000 })
              : write(prisma, id, score),
        }

        expect(await staleRows(`Prisma, ${name}`, racing)).toBe(0)
        expect(cache.stats().hits).toBeGreaterThan(0)
      })
    }
  })
})
