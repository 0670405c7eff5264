import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type {
  BaseCache,
  Bus,
  CacheOptions,
  Clock,
  CoherenceOptions,
  CreateCacheOptions,
  Duration,
  EntryTuple,
  Explanation,
  GetOrSetOptions,
  GetRedisCacheOptions,
  Invalidation,
  IsolationOptions,
  Loader,
  Logger,
  MemoryTierOptions,
  Primitives,
  Serializer,
  Slot,
  Store,
  StoreFromOptions,
  TieredCacheOptions,
  Timers,
} from '../../../src/index.ts'
import { createCache, getRedisCache, storeFrom, type TieredCache } from '../../../src/index.ts'
import { OBSERVING, readEntryPoints } from '../../../tools/entry-points.ts'

/** Returns the names that an entry point exports, each with the module that declares it. */
function namesOf(source: string): readonly string[] {
  const tree = ts.createSourceFile(source, readFileSync(source, 'utf8'), ts.ScriptTarget.ES2023, true)
  return tree.statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || !ts.isNamedExports(statement.exportClause!))
      throw new Error(`${source}: ${statement.getText()} is no list of names`)
    const module = join(dirname(source), (statement.moduleSpecifier as ts.StringLiteral).text)
    return statement.exportClause.elements.map(({ name }) => `${name.text} of ${module}`)
  })
}

describe('the public names', () => {
  it('are at most 70 at the root, and at most 130 on all entry points but those that observe or adapt', () => {
    const entries = readEntryPoints(process.cwd())
    const names = entries
      .filter(({ name, isIntegration }) => !OBSERVING.has(name) && !isIntegration)
      .map(({ source }) => namesOf(source))
    expect(names[0]!.length).toBeLessThanOrEqual(70)
    expect(new Set(names.flat()).size).toBeLessThanOrEqual(130)
  })

  it('have those of the options of each function', () => {
    expectTypeOf(createCache).parameter(0).toEqualTypeOf<CreateCacheOptions | undefined>()
    expectTypeOf(getRedisCache).parameter(0).toEqualTypeOf<GetRedisCacheOptions | undefined>()
    expectTypeOf<CreateCacheOptions['l1']>().toEqualTypeOf<MemoryTierOptions | false | undefined>()
    expectTypeOf<CreateCacheOptions>().toExtend<CoherenceOptions>()
    expectTypeOf<GetRedisCacheOptions>().toExtend<CoherenceOptions>()
    expectTypeOf<ConstructorParameters<typeof TieredCache>[0]>().toEqualTypeOf<TieredCacheOptions>()
    expectTypeOf<TieredCacheOptions['bus']>().toEqualTypeOf<Bus | 'pubsub' | 'none' | undefined>()
    expectTypeOf<CacheOptions['clock']>().toEqualTypeOf<Clock | undefined>()
    expectTypeOf<CacheOptions['timers']>().toEqualTypeOf<Timers | undefined>()
    expectTypeOf<CacheOptions['logger']>().toEqualTypeOf<Logger | undefined>()
    expectTypeOf<CacheOptions['serializer']>().toEqualTypeOf<Serializer | undefined>()
    expectTypeOf<GetOrSetOptions['ttl']>().toEqualTypeOf<Duration | undefined>()
  })

  it('have those of an engine of one’s own', () => {
    expectTypeOf(storeFrom).parameter(0).toEqualTypeOf<Primitives>()
    expectTypeOf(storeFrom).parameter(1).toEqualTypeOf<StoreFromOptions | undefined>()
    expectTypeOf(storeFrom).returns.toEqualTypeOf<Store>()
    expectTypeOf<Slot>().toEqualTypeOf<Parameters<Primitives['write']>[1]>()
    expectTypeOf<StoreFromOptions>().toExtend<IsolationOptions>()
  })

  it('have those of arguments and answers', () => {
    expectTypeOf<readonly EntryTuple<number>[]>().toExtend<Parameters<BaseCache<number>['setMany']>[0]>()
    expectTypeOf<BaseCache['invalidate']>().returns.resolves.toEqualTypeOf<Invalidation>()
    expectTypeOf<BaseCache['explain']>().returns.resolves.toEqualTypeOf<Explanation>()
    expectTypeOf<Loader<number>>().returns.toExtend<unknown>()
  })
})
