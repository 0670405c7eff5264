import type {
  AcquireAnswer,
  AcquireRequest,
  AtomicStep,
  AtomicStore,
  AtomicSteps,
  LimitAlgorithm,
  LimitAnswer,
  LimitRequest,
  LimitRule,
  LimitStanding,
  StateKey,
} from '../../core/atomic-store.ts'
import type { Clock, Random, Timers } from '../../core/time/clock.ts'
import { ClosedError, StoreUnavailableError } from '../../core/errors.ts'
import { consoleLogger, type Logger } from '../../core/logging/logger.ts'
import type { Arg, Command, RedisClient, Reply, Script } from '../connection/client.ts'
import { AtomicFigures } from '../../core/observing/atomic-figures.ts'
import type { Observer } from '../../core/observing/observer.ts'
import { ClientView } from '../connection/client-view.ts'
import { acquirePermit } from './acquire-permit.ts'
import { block } from './block.ts'
import { EvictionCheck } from './eviction-check.ts'
import { fixedWindow } from './fixed-window.ts'
import { gcra } from './gcra.ts'
import { limit } from './limit.ts'
import { releasePermit } from './release-permit.ts'
import { renewPermit } from './renew-permit.ts'

/** The form of a step: its command for a server and the reading of the reply. */
interface Form<Name extends keyof AtomicSteps> {
  command(state: string, request: AtomicSteps[Name]['request']): Command
  answer(reply: Reply): AtomicSteps[Name]['answer']
}

const MODES = { peek: 'p', penalty: 'x' } as const
const LETTERS: Readonly<Record<LimitAlgorithm, string>> = {
  'fixed-window': 'f',
  'sliding-window': 's',
  gcra: 'g',
}

const FORMS: { readonly [Name in keyof AtomicSteps]: Form<Name> } = {
  limit: { command: limitCommand, answer: limitAnswer },
  block: { command: (state, { forMs }) => asked(block, state, String(forMs)), answer: () => true },
  reset: { command: (state) => ({ args: ['UNLINK', state] }), answer: isOne },
  acquire: { command: acquireCommand, answer: acquireAnswer },
  renew: {
    command: (state, { token, ttlMs }) => asked(renewPermit, state, token, String(ttlMs)),
    answer: isOne,
  },
  release: { command: (state, { token }) => asked(releasePermit, state, token), answer: isOne },
}

/** The parts of a {@link RedisAtomicStore}. */
export interface RedisAtomicStoreOptions {
  readonly client: RedisClient
  /** The prefix of the cache: states are at `prefix!kind:key`. */
  readonly prefix: string
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger?: Logger | undefined
  /** The name of the cache in the log. */
  readonly name?: string | undefined
}

/**
 * States of limits and locks on a server. Each step is one script on one key, by the time of the server, so in a
 * cluster every state may be on any node.
 */
export class RedisAtomicStore implements AtomicStore {
  readonly isShared = true
  readonly figures: AtomicFigures = new AtomicFigures()
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger | undefined
  readonly #client: ClientView
  readonly #prefix: string
  readonly #closing = new AbortController()
  readonly #eviction: EvictionCheck

  constructor({ client, prefix, clock, timers, random, logger, name = 'cache' }: RedisAtomicStoreOptions) {
    this.#client = new ClientView(client)
    this.#prefix = prefix
    this.clock = clock
    this.timers = timers
    this.random = random
    this.logger = logger
    this.#eviction = new EvictionCheck(client, logger ?? consoleLogger, clock, name)
  }

  get closed(): AbortSignal {
    return this.#closing.signal
  }

  observe(observer: Observer | undefined, clock: Clock): void {
    this.#client.observe(observer, clock)
  }

  /** Stops granting permits. */
  close(): void {
    this.#closing.abort(new ClosedError('the cache is closed: it grants no more permits'))
  }

  /** Runs a step within the deadline of the client. @throws what the client throws. */
  async run<Name extends keyof AtomicSteps>(
    { name }: AtomicStep<Name>,
    { kind, key }: StateKey,
    request: AtomicSteps[Name]['request'],
  ): Promise<AtomicSteps[Name]['answer']> {
    const state = `${this.#prefix}!${kind}:${key}`
    const form: Form<Name> = FORMS[name]
    const command = form.command(state, request)
    const reply = await this.#client.connectionFor(state).run(command, 'text')
    this.#eviction.begin()
    return form.answer(reply)
  }
}

function asked(script: Script, state: string, ...args: readonly Arg[]): Command {
  return { script, keys: [state], args }
}

function limitCommand(state: string, { mode, quantity, rules, blockMs }: LimitRequest): Command {
  if (mode === 'consume' && blockMs !== undefined)
    return asked(limit, state, rules.flatMap(argsOf).join(' '), String(quantity), 'b', String(blockMs))
  const { script, args } = toldOf(rules)
  const keys = [state]
  if (mode !== 'consume') return { script, keys, args: [...args, String(quantity), MODES[mode]] }
  return { script, keys, args: quantity === 1 ? args : [...args, String(quantity)] }
}

interface Told {
  readonly script: Script
  readonly args: readonly string[]
}

// A limiter always asks for the same rules.
const told = new WeakMap<readonly LimitRule[], Told>()

/** Returns the script for the rules, with the rules as its arguments. */
function toldOf(rules: readonly LimitRule[]): Told {
  const known = told.get(rules)
  if (known !== undefined) return known
  const args = rules.flatMap(argsOf)
  const only = rules.length === 1 ? rules[0]!.algorithm : undefined
  const made =
    only === 'gcra'
      ? { script: gcra, args: args.slice(1) }
      : only === 'fixed-window'
        ? { script: fixedWindow, args: args.slice(1, 3) }
        : // One text, because an argument costs the client more than its splitting costs the server.
          { script: limit, args: [args.join(' ')] }
  told.set(rules, made)
  return made
}

function argsOf({ algorithm, limit: most, windowMs, burst }: LimitRule): string[] {
  return [LETTERS[algorithm], String(most), String(windowMs), String(burst)]
}

function limitAnswer(reply: Reply): LimitAnswer {
  const numbers = numbersOf(reply)
  const standings: LimitStanding[] = []
  for (let index = 3; index + 2 < numbers.length; index += 3) {
    const waitMs = numbers[index + 1]!
    standings.push({
      remaining: numbers[index]!,
      retryAfterMs: waitMs === -1 ? Infinity : waitMs,
      resetMs: numbers[index + 2]!,
    })
  }
  return { atMs: numbers[0]!, allowed: numbers[1] === 1, blockedMs: numbers[2]!, standings }
}

function acquireCommand(
  state: string,
  { wanted, permits, place = '', placeMs, more }: AcquireRequest,
): Command {
  const tokens = wanted.flatMap(({ token, ttlMs }) => [token, String(ttlMs)])
  return asked(acquirePermit, state, place, String(placeMs), String(permits), more ? '1' : '0', ...tokens)
}

function acquireAnswer(reply: Reply): AcquireAnswer {
  const [ahead = 0, expiresInMs = 0, ...fences] = numbersOf(reply)
  return { fences, ahead, expiresInMs }
}

function isOne(reply: Reply): boolean {
  return reply === 1
}

function numbersOf(reply: Reply): readonly number[] {
  if (Array.isArray(reply) && reply.every((item) => typeof item === 'number')) return reply
  throw new StoreUnavailableError(`the server answered something unexpected: ${typeof reply}`)
}
