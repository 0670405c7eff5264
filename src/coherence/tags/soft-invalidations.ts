import { thinnedOut } from '../../internal/thin-out.ts'

const HARD_DIGITS = 16
const SOFT_NUMBERS = 2 ** 32

// The number of tags that are remembered, and of times of each. More of them are thinned out.
const MOST_TAGS = 1_000
const MOST_OF_A_TAG = 16

interface Moment {
  readonly soft: number
  readonly atMs: number
}

/**
 * The times of soft invalidations that this node has heard of, by its own clock. The grace of a stale entry counts from
 * the first one after its load. A node that has heard of the last one only counts from that.
 */
export class SoftInvalidations {
  // By the random half of generations, which a tag keeps until it is invalidated for good.
  readonly #moments = new Map<string, readonly Moment[]>()

  /** Notes that a tag has had this generation since that time. */
  note(generation: string, atMs: number): void {
    const hard = generation.slice(0, HARD_DIGITS)
    const soft = softOf(generation)
    const known = this.#moments.get(hard) ?? []
    if (soft === 0 || known.some((moment) => moment.soft === soft)) return
    const moments = [...known, { soft, atMs }].toSorted((a, b) => (isLater(a.soft, b.soft) ? 1 : -1))
    this.#moments.delete(hard)
    this.#moments.set(hard, thinnedOut(moments, MOST_OF_A_TAG))
    if (this.#moments.size > MOST_TAGS) this.#moments.delete(this.#moments.keys().next().value!)
  }

  /** Returns the time since which an entry with this generation is stale; `Infinity` = unknown. */
  firstAfter(generation: string): number {
    const moments = this.#moments.get(generation.slice(0, HARD_DIGITS))
    if (moments === undefined) return Infinity
    const soft = softOf(generation)
    return moments.find((moment) => soft === 0 || isLater(moment.soft, soft))?.atMs ?? Infinity
  }
}

function softOf(generation: string): number {
  return Number.parseInt(generation.slice(HARD_DIGITS), 16)
}

// The number is a time by 32 bits.
function isLater(soft: number, than: number): boolean {
  const distance = (soft - than + SOFT_NUMBERS) % SOFT_NUMBERS
  return distance > 0 && distance < SOFT_NUMBERS / 2
}
