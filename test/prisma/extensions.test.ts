// Extensions beside this one that change queries and results, as those of tenants do.
import { MemoryCache } from 'cachette'
import { cachettePrisma } from 'cachette/prisma'
import { beforeEach, describe, expect, it } from 'vitest'
import { connect, makeDatabase, Prisma } from './database.ts'

const ofTenant = (name: string) =>
  Prisma.defineExtension({
    query: {
      user: {
        async $allOperations({ args, query }) {
          return query({ ...args, where: { ...(args as { where?: object }).where, name } } as typeof args)
        },
      },
    },
  })

let client: Awaited<ReturnType<typeof makeDatabase>>
beforeEach(async () => {
  client = await makeDatabase()
  await client.exec(`insert into app_user (name) values ('Bob')`)
})

function open() {
  const { prisma: base, sent } = connect(client)
  const cached = cachettePrisma(new MemoryCache(), { decimal: Prisma.Decimal })
  return { base, cached, shared: base.$extends(cached), sent }
}

describe('an extension for each tenant', () => {
  it.each(['before', 'after', 'as a function after'])('%s the cache gets rows of its own', async (place) => {
    const { base, cached, shared, sent } = open()
    const names = async (name: string): Promise<string[]> => {
      const prisma =
        place === 'before'
          ? base.$extends(ofTenant(name)).$extends(cached)
          : place === 'after'
            ? shared.$extends(ofTenant(name))
            : shared.$extends((of) => of.$extends(ofTenant(name)))
      const users = await prisma.user.cached().findMany()
      return users.map((user) => user.name)
    }
    expect([await names('Ann'), await names('Bob')]).toEqual([['Ann'], ['Bob']])
    const before = sent.length
    expect([await names('Ann'), await names('Bob')]).toEqual([['Ann'], ['Bob']])
    expect(sent.length).toBe(before)
  })

  it('invalidates by its writes and transactions what all read', async () => {
    const { shared } = open()
    const [ann, bob] = [shared.$extends(ofTenant('Ann')), shared.$extends(ofTenant('Bob'))]
    const scores = async () => {
      const rows = [await shared.user.cached().findMany(), await bob.user.cached().findMany()]
      return rows.map((users) => users.map(({ score }) => score).toSorted())
    }
    expect(await scores()).toEqual([[0, 0], [0]])
    await ann.user.updateMany({ data: { score: 1 } })
    expect(await scores()).toEqual([[0, 1], [0]])
    await bob.$transaction(async (tx) => {
      await tx.user.updateMany({ data: { score: 2 } })
    })
    expect(await scores()).toEqual([[1, 2], [2]])
  })
})

it('an extension that changes results changes cached ones, too, each time anew', async () => {
  const { shared, sent } = open()
  let calls = 0
  const loud = shared.$extends({
    query: {
      user: {
        async findMany({ args, query }) {
          const users = await query(args)
          return users.map((user) => ({ ...user, name: `${user.name}${++calls}` }))
        },
      },
    },
  })
  const names = async (prisma: typeof shared | typeof loud) =>
    (await prisma.user.cached().findMany({ orderBy: { id: 'asc' } })).map(({ name }) => name)
  expect(await names(loud as typeof shared)).toEqual(['Ann1', 'Bob2'])
  const before = sent.length
  expect(await names(loud as typeof shared)).toEqual(['Ann3', 'Bob4'])
  expect(await names(shared)).toEqual(['Ann', 'Bob'])
  expect(sent.length).toBe(before)
})
