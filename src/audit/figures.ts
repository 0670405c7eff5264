import { shareOf } from './interval.ts'

/** A time after which a value that differs from its source counts as wrong. */
export type TimeScale = 'bound' | '10s' | '60s' | 'ttl'

/** The share of right answers at a time scale. */
export interface ScaleFigures {
  /** `'bound'` is the bound of the cache and the slack of writers; `'ttl'` the rest of the entry's time. */
  readonly scale: TimeScale
  /** Samples whose result at that time is known. */
  readonly samples: number
  /** Samples that were still served so long after the source had been seen to have another value. */
  readonly wrong: number
  /** The share of right samples; `undefined` without a sample. */
  readonly ratio: number | undefined
  /** The lower limit of the share by Wilson's 95 % interval. */
  readonly low: number
  /** The upper limit. */
  readonly high: number
  /** The share that is right at least, with 95 % confidence. */
  readonly atLeast: number
  /** The same as a sentence. */
  readonly sentence: string
}

/** The figures of a family, or of all. */
export interface AuditFigures {
  /** Sampled answers that were compared with the source, with a result. */
  readonly samples: number
  /** Samples that the source had in the same form. */
  readonly same: number
  /** Samples that differed from the source, and were replaced or gone in time. */
  readonly late: number
  /** The longest time until a late one was replaced, in milliseconds; it is known to within a factor of two. */
  readonly latestMs: number
  /** Samples that were still served after the bound. */
  readonly wrong: number
  /** Samples without a result: the entry was gone, the loader failed, or the cache was in trouble. */
  readonly unknown: number
  /** Samples whose source answered differently within a moment. */
  readonly incomparable: number
  /** The share of right answers at each time. */
  readonly scales: readonly ScaleFigures[]
}

/** The time scales, with their milliseconds if these are fixed. */
export const SCALES: readonly (readonly [scale: TimeScale, ms: number | undefined])[] = [
  ['bound', undefined],
  ['10s', 10_000],
  ['60s', 60_000],
  ['ttl', undefined],
]

const WORDS: Readonly<Record<TimeScale, string>> = {
  bound: 'after the bound',
  '10s': 'after 10 s',
  '60s': 'after 60 s',
  ttl: 'at the end of their ttl',
}

/** The counts of a family. */
export class FamilyFigures {
  same = 0
  late = 0
  latestMs = 0
  wrong = 0
  unknown = 0
  incomparable = 0
  readonly #scales = new Map<TimeScale, { samples: number; wrong: number }>()

  /** Counts a sample that was right at these scales, or wrong. */
  at(scales: readonly TimeScale[], isWrong: boolean): void {
    for (const scale of scales) {
      const counts = this.#scales.get(scale) ?? { samples: 0, wrong: 0 }
      this.#scales.set(scale, counts)
      counts.samples++
      if (isWrong) counts.wrong++
    }
  }

  snapshot(): AuditFigures {
    const { same, late, latestMs, wrong, unknown, incomparable } = this
    const samples = same + late + wrong
    const scales = SCALES.map(([scale]) => scaleFigures(scale, this.#scales.get(scale)))
    return { samples, same, late, latestMs, wrong, unknown, incomparable, scales }
  }
}

function scaleFigures(scale: TimeScale, { samples, wrong } = { samples: 0, wrong: 0 }): ScaleFigures {
  const share = shareOf(samples, wrong)
  const known = `of ${samples} ${samples === 1 ? 'sample' : 'samples'} ${wrong} ${wrong === 1 ? 'was' : 'were'} wrong ${WORDS[scale]}`
  const sentence =
    samples === 0
      ? `no sample is known ${WORDS[scale]}`
      : `${known}: at least ${percent(share.atLeast)} are right, with 95 % confidence`
  return { scale, samples, wrong, ...share, sentence }
}

function percent(share: number): string {
  return `${(Math.floor(share * 100_000) / 1_000).toFixed(3).replace(/\.?0+$/, '')} %`
}
