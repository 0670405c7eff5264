// A loader of a random call: says what it is asked, and may be held until it is let go.
import type { LoadContext, NotModified } from 'cachette'
import type { SeededRandom } from '../../../src/testing/random.ts'
import { pick, TAGS, value, type Piece } from './pieces.ts'
import { told } from './told.ts'

/** The actions of a loader, as it would be written. */
export type LoaderSpec = Piece<(context: LoadContext) => unknown>

type Kind = (random: SeededRandom) => LoaderSpec

const KINDS: readonly Kind[] = [
  (random) => {
    const { text, make } = value(random)
    return { text: `() => ${text}`, make: () => make }
  },
  (random) => {
    const { text, make } = value(random)
    return { text: `() => ${text}`, make: () => make }
  },
  () => ({ text: '() => null', make: () => () => null }),
  () => ({ text: '() => undefined', make: () => () => undefined }),
  () => ({
    text: '() => { throw }',
    make: () => () => {
      throw new Error('the loader')
    },
  }),
  () => ({
    text: '() => stale === undefined ? "new" : notModified()',
    make:
      () =>
      ({ stale, notModified }): string | NotModified =>
        stale === undefined ? 'new' : notModified(),
  }),
  (random) => said(random, 'setTtl', pick(random, [-1, 0, 1000])),
  (random) => said(random, 'setGrace', pick(random, [0, 1000])),
  (random) => said(random, 'setTags', [pick(random, TAGS)]),
  (random) => said(random, 'setRowVersion', random.below(6)),
  (random) => said(random, 'doNotStore', undefined),
]

function said(
  random: SeededRandom,
  name: 'setTtl' | 'setGrace' | 'setTags' | 'setRowVersion' | 'doNotStore',
  argument: unknown,
): LoaderSpec {
  const { text, make } = value(random)
  return {
    text: `() => { ${name}(${argument === undefined ? '' : told(argument)}); return ${text} }`,
    make: () => (context) => {
      const say = context[name] as (argument: unknown) => void
      say(argument)
      return make()
    },
  }
}

export function loaderSpec(random: SeededRandom): LoaderSpec {
  return pick(random, KINDS)(random)
}

/** The moment at which a loader answers: at once, later, or when it is let go. */
export type Pace = 'sync' | 'async' | 'gated'

/** Observes the loaders of one call. */
export class Probe {
  readonly pace: Pace
  /** The contexts of the loaders, one text for each call. */
  readonly calls: string[] = []
  /** Loaders that have not ended. */
  running = 0
  #open!: () => void
  readonly #gate: Promise<void>

  constructor(pace: Pace) {
    this.pace = pace
    this.#gate = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  /** Whether a loader is held. */
  get isHeld(): boolean {
    return this.pace === 'gated' && this.running > 0
  }

  /** Lets the loaders go on, those that begin later included. */
  open(): void {
    this.#open()
  }

  /** Runs the body of a loader. */
  run<T>(about: string, body: () => T): T | Promise<T> {
    this.calls.push(about)
    if (this.pace === 'sync') return body()
    return this.#later(body)
  }

  async #later<T>(body: () => T): Promise<T> {
    this.running++
    try {
      await (this.pace === 'gated' ? this.#gate : new Promise(setImmediate))
      return body()
    } finally {
      this.running--
    }
  }
}
