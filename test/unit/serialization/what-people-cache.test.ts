import { Decimal } from 'decimal.js'
import { model, Schema, Types } from 'mongoose'
import { DataSource, EntitySchema } from 'typeorm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as zod from 'zod'
import { TypeRegistry, WireFormat, type SerializationError } from '../../../src/serialization/index.ts'
import { admit, copy } from '../../../src/serialization/clone.ts'
import { resolveRules, type ValueOptions } from '../../../src/serialization/json/rules.ts'
import { differences } from './differences.ts'

/** What two readers get, one from the memory engine and one from bytes. */
function readers(value: unknown, options: ValueOptions = {}): [memory: unknown, bytes: unknown] {
  const wire = new WireFormat(options)
  const { stored, refused } = admit(value, resolveRules(options))
  if (refused !== undefined) throw refused
  return [copy(stored), wire.deserialize(wire.serialize(value))]
}

function refusalsOf(value: unknown): { path: string; kind: string; message: string }[] {
  const found: SerializationError[] = []
  const { refused } = admit(value)
  if (refused !== undefined) found.push(refused)
  try {
    new WireFormat().serialize(value)
  } catch (error) {
    found.push(error as SerializationError)
  }
  return found.map(({ path, kind, message }) => ({ path, kind, message }))
}

describe('rows of a TypeORM entity', () => {
  class User {
    id!: number
    name!: string
    balance!: string
    createdAt!: Date
    avatar!: Uint8Array
    posts!: Post[]
  }
  class Post {
    id!: number
    title!: string
    author!: User
  }
  const users = new EntitySchema<User>({
    name: 'User',
    target: User,
    columns: {
      id: { type: Number, primary: true, generated: true },
      name: { type: String },
      balance: { type: 'decimal' },
      createdAt: { type: 'datetime' },
      avatar: { type: 'blob' },
    },
    relations: { posts: { type: 'one-to-many', target: 'Post', inverseSide: 'author' } },
  })
  const posts = new EntitySchema<Post>({
    name: 'Post',
    target: Post,
    columns: { id: { type: Number, primary: true, generated: true }, title: { type: String } },
    relations: { author: { type: 'many-to-one', target: 'User', inverseSide: 'posts', joinColumn: true } },
  })
  const source = new DataSource({ type: 'sqljs', entities: [users, posts], synchronize: true })

  beforeAll(async () => {
    await source.initialize()
    const author = await source.getRepository(User).save({
      name: 'Ada',
      balance: '12.50',
      createdAt: new Date('2026-01-02T03:04:05.678Z'),
      avatar: Buffer.from([1, 2, 255]),
    })
    await source.getRepository(Post).save([
      { title: 'one', author },
      { title: 'two', author },
    ])
  })
  afterAll(() => source.destroy())

  const load = (): Promise<User[]> =>
    source.getRepository(User).find({ relations: { posts: { author: true } } })

  it('are refused by class and path, or stored as plain data that every reader gets', async () => {
    const rows = await load()
    expect(refusalsOf({ rows })).toMatchObject([
      { path: '$.rows[0]', kind: 'User' },
      { path: '$.rows[0]', kind: 'User' },
    ])
    const [memory, bytes] = readers(rows, { classes: 'plain' }) as [User[], User[]]
    expect(differences(memory, bytes)).toEqual([])
    expect(memory[0]!.createdAt).toEqual(new Date('2026-01-02T03:04:05.678Z'))
    expect([...memory[0]!.avatar]).toEqual([1, 2, 255])
    expect(memory[0]!.posts.map(({ title, author }) => [title, author.name])).toEqual([
      ['one', 'Ada'],
      ['two', 'Ada'],
    ])
  })

  it('come back as entities once their classes are registered', async () => {
    const registry = new TypeRegistry()
      .register(User, {
        encode: (user) => Object.assign({}, user),
        decode: (data) => Object.assign(new User(), data),
      })
      .register(Post, {
        encode: (post) => Object.assign({}, post),
        decode: (data) => Object.assign(new Post(), data),
      })
    const rows = await load()
    for (const result of readers(rows, { registry })) expect(differences(result, rows)).toEqual([])
  })
})

describe('a decimal.js Decimal', () => {
  const price = { price: new Decimal('0.1').plus('0.2'), at: new Date(1) }

  it('is refused by default and its text with classes: plain', () => {
    expect(refusalsOf(price)).toMatchObject([
      { path: '$.price', kind: 'Decimal' },
      { path: '$.price', kind: 'Decimal' },
    ])
    for (const result of readers(price, { classes: 'plain' }))
      expect(result).toEqual({ price: '0.3', at: price.at })
  })

  it('comes back as a Decimal once it is registered', () => {
    const registry = new TypeRegistry().register(Decimal, {
      encode: (decimal) => decimal.toJSON(),
      decode: (text: string) => new Decimal(text),
    })
    for (const result of readers(price, { registry }) as (typeof price)[]) {
      expect(Decimal.isDecimal(result.price)).toBe(true)
      expect(result.price.equals('0.3')).toBe(true)
    }
  })
})

describe('a Mongoose document', () => {
  const Book = model(
    'Book',
    new Schema({
      title: String,
      published: Date,
      cover: Buffer,
      tags: [String],
      authors: [{ name: String }],
    }),
  )
  const id = new Types.ObjectId('0123456789abcdef01234567')
  const book = new Book({
    _id: id,
    title: 'Notes',
    published: new Date(5),
    tags: ['a'],
    authors: [{ _id: id, name: 'Ada' }],
  })

  it('is refused by default', () => {
    expect(refusalsOf([book]).map(({ path }) => path)).toEqual(['$[0]', '$[0]'])
  })

  it('is what its toJSON answers with classes: plain', () => {
    for (const result of readers(book, { classes: 'plain' })) {
      expect(result).toEqual({
        _id: '0123456789abcdef01234567',
        title: 'Notes',
        published: new Date(5),
        tags: ['a'],
        authors: [{ _id: '0123456789abcdef01234567', name: 'Ada' }],
      })
    }
  })

  it('as a lean object keeps its ids once ObjectId is registered', () => {
    const registry = new TypeRegistry().register(Types.ObjectId, {
      encode: (objectId) => objectId.toHexString(),
      decode: (hex: string) => new Types.ObjectId(hex),
    })
    const lean = { _id: id, title: 'Notes', published: new Date(5), tags: ['a'] }
    for (const result of readers(lean, { registry }) as (typeof lean)[]) {
      expect(result._id).toBeInstanceOf(Types.ObjectId)
      expect(result._id.equals(id)).toBe(true)
      expect({ ...result, _id: null }).toEqual({ ...lean, _id: null })
    }
  })
})

describe('an object that Zod has parsed', () => {
  it('comes back as it was', () => {
    const schema = zod.object({
      id: zod.bigint(),
      at: zod.coerce.date(),
      tags: zod.set(zod.string()),
      prices: zod.map(zod.string(), zod.number()),
      nested: zod.record(zod.string(), zod.object({ note: zod.string().optional() })),
    })
    const parsed = schema.parse({
      id: 7n,
      at: '2026-01-02T03:04:05Z',
      tags: new Set(['a']),
      prices: new Map([['a', 1.5]]),
      nested: { a: {}, b: { note: 'x' } },
    })
    for (const result of readers(parsed)) {
      expect(differences(result, parsed)).toEqual([])
      expect(schema.parse(result)).toEqual(parsed)
    }
  })
})
