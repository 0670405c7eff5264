import type { City, Sample } from '../database/protocol.ts'
import { seededRandom, zipf } from './random.ts'

/** Something that happens to the guide at its time, whether or not it has answered what came before. */
export type Arrival = Opening | Edit

export interface Opening {
  readonly kind: 'visit' | 'crowd' | 'scan'
  readonly atMs: number
  readonly path: string
}

export interface Edit {
  readonly kind: 'edit'
  readonly atMs: number
  readonly id: number
  readonly population: number
  /** Pages that show the city. */
  readonly shownOn: readonly string[]
}

/** Traffic rises evenly from the first to the second. */
const visitsPerSecond = [100, 700] as const
export const crowdSize = 500
const scanSize = 400

/** The page of the flash crowd. Nobody else opens or edits it: it is cold, and its queries can be told. */
export const crowdCountry = 'ES'
export const crowdTop = 10
const crowdPath = `/countries/${crowdCountry}?top=${crowdTop}`

/** The flash crowd alone. */
export function crowd(atMs: number): Arrival[] {
  return Array.from({ length: crowdSize }, () => ({ kind: 'crowd', path: crowdPath, atMs }))
}

/**
 * The sequence of a load, the same for the same seed: more and more visits by Zipf's law at random moments, the
 * crowd near the beginning, at half-time a crawler that reads pages nobody else reads, and one edit a second.
 */
export function buildSchedule(sample: Sample, seed: number, durationMs: number): readonly Arrival[] {
  const random = seededRandom(seed)
  const arrivals = [
    ...visits(sample, random, durationMs),
    ...crowd(durationMs * 0.02),
    ...scan(sample, random, durationMs),
    ...edits(sample, random, durationMs),
  ]
  return arrivals.sort((one, other) => one.atMs - other.atMs)
}

function* visits(sample: Sample, random: () => number, durationMs: number): Iterable<Arrival> {
  const city = zipf(sample.popular, 1, random)
  const spot = zipf(sample.popular.slice(0, 100), 1.1, random)
  const country = zipf(
    sample.countries.filter((code) => code !== crowdCountry),
    1,
    random,
  )
  const top = zipf([10, 5, 20], 1, random)
  const word = zipf([...new Set(sample.popular.slice(0, 100).map(wordOf))], 1.1, random)

  const pages: readonly (readonly [share: number, path: () => string])[] = [
    [0.5, () => `/cities/${city().id}`],
    [0.2, () => `/countries/${country()}?top=${top()}`],
    [0.15, () => nearestPath(spot())],
    [0.12, () => `/search?q=${encodeURIComponent(word())}`],
    [0.03, () => '/surprise'],
  ]
  let atMs = 0
  const [slow, fast] = visitsPerSecond
  // Gaps of independent visitors: exponential, shorter as the traffic rises.
  const gapMs = (): number => (-Math.log(1 - random()) * 1000) / (slow + ((fast - slow) * atMs) / durationMs)
  while ((atMs += gapMs()) < durationMs) {
    let drawn = random()
    const page = pages.find(([share]) => (drawn -= share) < 0) ?? pages[0]!
    yield { kind: 'visit', path: page[1](), atMs }
  }
}

function* scan(sample: Sample, random: () => number, durationMs: number): Iterable<Arrival> {
  const first = Math.floor(random() * (sample.remote.length - scanSize))
  for (const [index, id] of sample.remote.slice(first, first + scanSize).entries()) {
    yield { kind: 'scan', path: `/cities/${id}`, atMs: durationMs * (0.5 + (0.1 * index) / scanSize) }
  }
}

function* edits(sample: Sample, random: () => number, durationMs: number): Iterable<Arrival> {
  const city = zipf(
    sample.popular.filter(({ country }) => country !== crowdCountry),
    1,
    random,
  )
  for (let atMs = 500; atMs < durationMs; atMs += 1000) {
    const edited = city()
    const population = edited.population + Math.floor(random() * 1000)
    const shownOn = [`/cities/${edited.id}`, `/countries/${edited.country}?top=10`, nearestPath(edited)]
    yield { kind: 'edit', id: edited.id, population, shownOn, atMs }
  }
}

function nearestPath({ latitude, longitude }: City): string {
  return `/nearest?lat=${latitude.toFixed(1)}&lon=${longitude.toFixed(1)}`
}

/** What somebody types who looks for this city: the first letters of its name. */
function wordOf({ name }: City): string {
  return name.slice(0, 4).trim().toLowerCase()
}
