// Every method of a cache, and of the objects that it hands out.
import type {
  BaseCache,
  CounterOptions,
  GetOrSetOptions,
  LoadContext,
  NamespaceOptions,
  ReadOptions,
  SetOptions,
} from 'cachette'
import {
  DEFAULT_OPTIONS,
  GET_OR_SET_OPTIONS,
  READ_OPTIONS,
  SET_OPTIONS,
} from '../../../src/options/entry-options.ts'
import { none, type Arguments } from './arguments.ts'

/** The parts that calls are made on. */
export interface Subject {
  readonly cache: BaseCache
  /** A cache of several processes. */
  readonly l2: BaseCache
}

/** Makes a call with arguments that may be wrong. */
export type Call = (subject: Subject, args: Arguments) => unknown

const read = (): ReadOptions => none(READ_OPTIONS)
const set = (): SetOptions => none([...SET_OPTIONS, 'result'])
const load = (): GetOrSetOptions => none(GET_OR_SET_OPTIONS)
const step = (): CounterOptions => none(['ttl', 'tags', 'min', 'max'])
const one = (): number => 1
const KEYS = { key: undefined }

function said(say: (context: LoadContext, args: Arguments) => unknown): Call {
  return ({ cache }, args) =>
    cache.getOrSet('absent', (context) => {
      say(context, args)
      return 1
    })
}

/** The calls by the name of their function; a colon and a word tell several calls of one function apart. */
export const CACHE_CALLS: Readonly<Record<string, Call>> = {
  'BaseCache.get': ({ cache }, args) => cache.get(args.at('key', 'k'), args.options('options', read())),
  'BaseCache.getMany': ({ cache }, args) =>
    cache.getMany(args.at('keys', [args.at('key', 'k')]), args.options('options', read())),
  'BaseCache.set': ({ cache }, args) =>
    cache.set(args.at('key', 'k'), args.at('value', 1), args.options('options', set())),
  'BaseCache.set: a ttl': ({ cache }, args) =>
    cache.set(args.at('key', 'k'), args.at('value', 1), args.at('ttl', '1m')),
  'BaseCache.setMany': ({ cache }, args) =>
    cache.setMany(
      args.at('entries', [
        args.at('entry', [
          args.at('key', 'k'),
          args.at('value', 1),
          args.options('options', none<SetOptions>(SET_OPTIONS)),
        ] as const),
      ]),
      args.options('options of all', set()),
    ),
  'BaseCache.setMany: a record': ({ cache }, args) =>
    cache.setMany({ k: args.at('value', 1) }, args.at('ttl', '1m')),
  'BaseCache.delete': ({ cache }, args) => cache.delete(args.at('key', 'k')),
  'BaseCache.deleteMany': ({ cache }, args) => cache.deleteMany(args.at('keys', [args.at('key', 'k')])),
  'BaseCache.invalidate': ({ cache }, args) =>
    cache.invalidate(
      args.at('keys', [args.at('key', 'k')]),
      args.options('options', none(['keepStale', 'rowVersion'])),
    ),
  'BaseCache.invalidateTag': ({ cache }, args) =>
    cache.invalidateTag(args.at('tags', [args.at('tag', 't')]), args.options('options', none(['keepStale']))),
  'BaseCache.take': ({ cache }, args) => cache.take(args.at('key', 'k')),
  'BaseCache.has': ({ cache }, args) => cache.has(args.at('key', 'k')),
  'BaseCache.ttl': ({ cache }, args) => cache.ttl(args.at('key', 'k')),
  'BaseCache.expire': ({ cache }, args) => cache.expire(args.at('key', 'k'), args.at('ttl', '1m')),
  'BaseCache.increment': ({ cache }, args) =>
    cache.increment(args.at('key', 'n'), args.at('by', 1), args.options('options', step())),
  'BaseCache.increment: a ttl': ({ cache }, args) =>
    cache.increment(args.at('key', 'n'), args.at('by', 1), args.at('ttl', '1m')),
  'BaseCache.decrement': ({ cache }, args) =>
    cache.decrement(args.at('key', 'n'), args.at('by', 1), args.options('options', step())),
  'BaseCache.getOrSet': ({ cache }, args) =>
    cache.getOrSet(args.at('key', 'k'), args.at('loader', one), args.options('options', load())),
  'BaseCache.getOrSet: a ttl': ({ cache }, args) =>
    cache.getOrSet(args.at('key', 'absent'), () => args.at('value', 1), args.at('ttl', '1m')),
  'BaseCache.getOrSetMany': ({ cache }, args) =>
    cache.getOrSetMany(
      args.at('keys', [args.at('key', 'k')]),
      args.at('loader', () => ({ k: 1 })),
      args.options('options', load()),
    ),
  'BaseCache.getOrSetMany: an answer': ({ cache }, args) =>
    cache.getOrSetMany(['absent'], () => args.at('answer', { absent: args.at('value', 1) })),
  'BaseCache.refresh': ({ cache }, args) =>
    cache.refresh(args.at('key', 'k'), args.at('loader', one), args.options('options', load())),
  'BaseCache.warm': ({ cache }, args) =>
    cache.warm(
      args.at('entries', [args.at('entry', [args.at('key', 'k'), args.at('value', 1)] as const)]),
      args.options('options', load()),
    ),
  'BaseCache.wrap': ({ cache }, args) =>
    cache.wrap(args.at('fn', one), args.options('options', { ...load(), name: 'n' }))(),
  'BaseCache.wrap: a key': ({ cache }, args) =>
    cache.wrap(one, { key: args.at('key', () => args.at('answer of key', 'k')) })(),
  'BaseCache.wrap: computed options': ({ cache }, args) =>
    cache.wrap(one, {
      name: 'n',
      ttl: () => args.at('computed ttl', 1),
      tags: () => args.at('computed tags', []),
    })(),
  Wrapped: ({ cache }, args) => cache.wrap((n: unknown) => n, { name: 'n' })(args.at('argument', 1)),
  'Wrapped.key': ({ cache }, args) =>
    cache.wrap((n: unknown) => n, { name: 'n' }).key(args.at('argument', 1)),
  'Wrapped.invalidate': ({ cache }, args) =>
    cache.wrap((n: unknown) => n, { name: 'n' }).invalidate(args.at('argument', 1)),
  'Wrapped.refresh': ({ cache }, args) =>
    cache.wrap((n: unknown) => n, { name: 'n' }).refresh(args.at('argument', 1)),
  'Wrapped.with': ({ cache }, args) => cache.wrap(one, { name: 'n' }).with(args.options('options', load()))(),
  'BaseCache.deleteByPrefix': ({ cache }, args) => cache.deleteByPrefix(args.at('prefix', 'none')),
  'BaseCache.keys': async ({ cache }, args) => {
    for await (const _ of cache.keys(args.options('options', none(['prefix', 'signal'])))) break
  },
  'BaseCache.namespace': ({ cache }, args) =>
    cache.namespace(
      args.at('name', 'n'),
      args.options('options', none<NamespaceOptions>([...DEFAULT_OPTIONS, 'keyVersion', 'mode'])),
    ),
  'BaseCache.serialize': ({ cache }, args) =>
    cache.serialize(args.at('value', 1), args.options('options', KEYS)),
  'BaseCache.deserialize': ({ cache }, args) =>
    cache.deserialize(args.at('bytes', Buffer.from('1')), args.options('options', KEYS)),
  'BaseCache.explain': ({ cache }, args) =>
    cache.explain(args.at('key', 'k'), args.options('options', read())),
  'LoadContext.setTtl': said(({ setTtl }, args) => setTtl(args.at('setTtl', 1))),
  'LoadContext.setGrace': said(({ setGrace }, args) => setGrace(args.at('setGrace', 1))),
  'LoadContext.setTags': said(({ setTags }, args) => setTags(args.at('setTags', [args.at('tag', 't')]))),
  'LoadContext.setRowVersion': said(({ setRowVersion }, args) => setRowVersion(args.at('setRowVersion', 1))),
}
