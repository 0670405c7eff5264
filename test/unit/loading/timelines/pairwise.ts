import { describe, expect } from 'vitest'
import type { EntryOptions, GetOrSetOptions, LoadOptions } from '../../../../src/index.ts'
import { Stage, timeline, TooLong, type Behaviour, type Engine } from './stage.ts'

// Options, what the key holds, how the loader behaves and how it is asked: whatever can meet.
const FACTORS = {
  held: ['nothing', 'fresh', 'ending', 'stale'],
  loader: ['quick', 'slow', 'fails', 'throws', 'hangs', 'null', 'nothing'],
  grace: [false, 60],
  softTimeout: [false, 0.1],
  hardTimeout: [false, 0.5],
  refreshAhead: [false, 0.8],
  loadErrorTtl: [false, 5],
  negative: ['as any', 'short', 'none'],
  jitter: [0, 0.2],
  maxConcurrentLoads: [Infinity, 1],
  forceRefresh: [false, true],
  asked: ['getOrSet', 'getOrSetMany'],
  tags: [false, true],
  given: ['in the call', 'as a default', 'by the namespace'],
} as const

type Factor = keyof typeof FACTORS
type Case = { readonly [F in Factor]: (typeof FACTORS)[F][number] }

const NAMES = Object.keys(FACTORS) as readonly Factor[]

/** Cases in which each two values of two factors meet at least once: always the case that covers most of what is left. */
export function pairwiseCases(): readonly Case[] {
  const left = new Set<string>()
  for (const [index, one] of NAMES.entries())
    for (const other of NAMES.slice(index + 1))
      for (const a of FACTORS[one]) for (const b of FACTORS[other]) left.add(pair(one, a, other, b))
  const cases: Case[] = []
  while (left.size > 0) {
    const [seed] = left
    const made: Partial<Record<Factor, unknown>> = Object.fromEntries(
      JSON.parse(seed!) as [Factor, unknown][],
    )
    for (const name of NAMES) {
      if (Object.hasOwn(made, name)) continue
      const covers = (value: unknown): number =>
        NAMES.filter((other) => Object.hasOwn(made, other) && left.has(pair(name, value, other, made[other])))
          .length
      made[name] = (FACTORS[name] as readonly unknown[]).toSorted((a, b) => covers(b) - covers(a))[0]
    }
    for (const one of NAMES) for (const other of NAMES) left.delete(pair(one, made[one], other, made[other]))
    cases.push(made as Case)
  }
  return cases
}

function pair(one: Factor, a: unknown, other: Factor, b: unknown): string {
  const items = [
    [one, a === Infinity ? 'Infinity' : a],
    [other, b === Infinity ? 'Infinity' : b],
  ]
  return JSON.stringify(NAMES.indexOf(one) < NAMES.indexOf(other) ? items : items.toReversed())
}

const BEHAVIOURS: Readonly<Record<Case['loader'], Behaviour>> = {
  quick: { takesMs: 50 },
  slow: { takesMs: 300 },
  fails: { takesMs: 50, fails: 'down' },
  throws: { throwsAtOnce: true, fails: 'down' },
  hangs: { takesMs: Infinity },
  null: { takesMs: 50, answers: null },
  nothing: { takesMs: 50, answers: undefined },
}

const ASKED_AT_MS = 3000
const TTL_S = 4

/** The answer that one caller must get, and its time: the model, in which nothing is known of leases, flights or stores. */
function expected(each: Case): { readonly atMs: number; readonly what: string } | undefined {
  const hard = each.hardTimeout === false ? Infinity : 500
  const behaviour = BEHAVIOURS[each.loader]
  const takesMs = each.loader === 'throws' ? 0 : behaviour.takesMs!
  const loaded =
    takesMs >= hard
      ? { atMs: hard, what: 'LoaderTimeoutError' }
      : {
          atMs: takesMs,
          what:
            behaviour.fails === undefined
              ? String('answers' in behaviour ? behaviour.answers : 'v1')
              : 'Error',
        }
  if (!each.forceRefresh) {
    if (each.held === 'fresh' || each.held === 'ending') return { atMs: 0, what: 'v0' }
    if (each.held === 'stale' && each.grace !== false) {
      if (each.softTimeout === false) return { atMs: 0, what: 'v0' }
      if (loaded.atMs > 100) return { atMs: 100, what: 'v0' }
      if (loaded.what.endsWith('Error')) return { atMs: loaded.atMs, what: 'v0' }
    }
  }
  return loaded.atMs === Infinity ? undefined : loaded
}

function optionsOf(each: Case): EntryOptions & LoadOptions {
  const { grace, softTimeout, hardTimeout, refreshAhead, loadErrorTtl, negative, jitter } = each
  return {
    ttl: TTL_S,
    grace,
    softTimeout,
    hardTimeout,
    refreshAhead,
    loadErrorTtl,
    jitter,
    ...(negative !== 'as any' && { negativeTtl: negative === 'short' ? 1 : false }),
    maxConcurrentLoads: each.maxConcurrentLoads === 1 ? 1 : Infinity,
    ...(each.tags && { tags: ['t'] }),
  }
}

async function play(engine: Engine, each: Case): Promise<void> {
  const options = optionsOf(each)
  const stage = new Stage(engine, each.given === 'as a default' ? options : {})
  const root = stage.cache()
  const cache = each.given === 'by the namespace' ? root.namespace('ns', options) : root
  const call = {
    ...(each.given === 'in the call' && options),
    ...(each.forceRefresh && { forceRefresh: true }),
  } satisfies GetOrSetOptions
  const age = { nothing: undefined, fresh: 2500, ending: 500, stale: -1000 }[each.held]
  if (age !== undefined) {
    await stage.until(ASKED_AT_MS - TTL_S * 1000 + age < 0 ? 0 : ASKED_AT_MS - TTL_S * 1000 + age)
    const ttl = (ASKED_AT_MS + age - stage.clock.now()) / 1000
    await cache.set('k', 'v0', { ttl, grace: each.grace })
  }
  await stage.until(ASKED_AT_MS)
  const load = stage.loader(BEHAVIOURS[each.loader])
  const ask = (name: string): void =>
    void stage.caller(name, async () => {
      if (each.asked === 'getOrSet') return cache.getOrSet('k', load, call)
      const found = await cache.getOrSetMany(['k'], async () => ({ k: await load({} as never) }), call)
      return found.get('k')
    })
  ask('first')
  ask('second')
  await stage.until(ASKED_AT_MS + 2000)

  const answer = expected(each)
  const events = stage.events.filter((event) => !event.includes('query'))
  // A caller asks its own loader if the shared load of several keys had nothing for its key.
  const asksItself = each.asked === 'getOrSetMany' && answer?.what === 'undefined'
  const wanted =
    answer === undefined
      ? []
      : [`first ${answer.atMs}`, `second ${asksItself ? 2 * answer.atMs : answer.atMs}`]
  const got = events.map((event) => {
    const [, atMs, name, what] = /^(\d+) (\w+): (\w+)/.exec(event)!
    return `${name!} ${Number(atMs) - ASKED_AT_MS}: ${what!}`
  })
  expect(got.toSorted()).toEqual(wanted.map((when) => `${when}: ${answer!.what}`))
  // One load at the most, but for what is due again; a fresh value that is far from its end needs none.
  const isAhead = each.held === 'ending' && each.refreshAhead !== false
  const needs = each.forceRefresh || each.held === 'nothing' || each.held === 'stale' || isAhead
  expect(stage.queries).toBe(asksItself ? 2 : needs ? 1 : 0)
  const isStored = needs && (each.loader === 'quick' || each.loader === 'slow')
  const held = await cache.get('k')
  expect(isStored ? held : 'v1').toBe('v1')
  if (each.loader === 'hangs' && each.hardTimeout === false && needs) return
  // Nothing is under way any more: only the store's own sweep may be waiting.
  stage.hasTimers(1)
  await root.close()
}

/** Each two options meet at least once, with each kind of entry and of loader. */
export function pairwiseTimelines(engine: Engine): void {
  const cases = pairwiseCases()
  describe(`options of ${engine.name} that meet`, () => {
    timeline(
      engine,
      `give every caller what the model says, in ${cases.length} cases that cover all pairs`,
      async () => {
        const problems: string[] = []
        const tried = async (each: Case): Promise<void> => {
          try {
            await play(engine, each)
          } catch (error) {
            if (error instanceof TooLong) throw error
            problems.push(`${JSON.stringify(each)}: ${(error as Error).message.slice(0, 300)}`)
          }
        }
        await Promise.all(cases.map(tried))
        expect(problems).toEqual([])
        expect(cases.length).toBeGreaterThan(20)
      },
    )
  })
}
