import type { City, Sample } from '../database/protocol.ts'
import { zipf } from './zipf.ts'
import { SeededRandom } from '../../src/testing/random.ts'

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

/** The size of a load. */
export interface LoadSize {
  readonly seed: number
  readonly durationMs: number
  /** The number of different pages, as a share of the most that there can be. The rate is its square root. */
  readonly scale: number
}

/** The most visits a second that a load may have at its end. */
export const MOST_VISITS = 700

/** Returns the visits a second at the end of a load. They rise evenly from a seventh of that. */
export function visitsPerSecond({ scale }: Pick<LoadSize, 'scale'>): number {
  return Math.round(MOST_VISITS * Math.sqrt(scale))
}

/** The page of the flash crowd. Nobody else opens or edits it: it is cold, and its queries can be told. */
export const crowdCountry = 'ES'
export const crowdTop = 10
const crowdPath = `/countries/${crowdCountry}?top=${crowdTop}`

/** Returns the size of the flash crowd: five sevenths of the visits of a second, all at once. */
export function crowdSize(size: Pick<LoadSize, 'scale'>): number {
  return Math.round((visitsPerSecond(size) * 5) / 7)
}

/** Returns visits of one page that hardly anybody asks for. */
export function visitsOfOnePage({ remote }: Sample, durationMs: number, perSecond: number): Arrival[] {
  const everyMs = 1000 / perSecond
  return Array.from({ length: durationMs / everyMs }, (_, index) => ({
    kind: 'visit',
    path: `/cities/${remote[0]}`,
    atMs: index * everyMs,
  }))
}

/** Returns the flash crowd alone. */
export function crowd(atMs: number, size: number): Arrival[] {
  return Array.from({ length: size }, () => ({ kind: 'crowd', path: crowdPath, atMs }))
}

/**
 * Returns the sequence of a load, the same for the same size and seed: more and more visits by Zipf's law at random
 * moments, the crowd near the beginning, at half-time a crawler that reads pages nobody else reads, and edits.
 */
export function buildSchedule(sample: Sample, size: LoadSize): readonly Arrival[] {
  const random = new SeededRandom(size.seed).next
  const arrivals = [
    ...visits(sample, random, size),
    ...crowd(size.durationMs * 0.02, crowdSize(size)),
    ...scan(sample, random, size),
    ...edits(sample, random, size),
  ]
  return arrivals.sort((one, other) => one.atMs - other.atMs)
}

function scaled(most: number, { scale }: LoadSize): number {
  return Math.max(1, Math.round(most * scale))
}

function* visits(sample: Sample, random: () => number, size: LoadSize): Iterable<Arrival> {
  const { durationMs } = size
  const city = zipf(sample.popular.slice(0, scaled(600, size)), 1, random)
  const spot = zipf(sample.popular.slice(0, scaled(100, size)), 1.1, random)
  const countries = sample.countries.filter((code) => code !== crowdCountry)
  const country = zipf(countries.slice(0, scaled(150, size)), 1, random)
  const top = zipf([10, 5, 20], 1, random)
  const words = sample.popular.slice(0, scaled(60, size)).map(wordOf)
  const word = zipf([...new Set(words)], 1.1, random)

  const pages: readonly (readonly [share: number, path: () => string])[] = [
    [0.5, () => `/cities/${city().id}`],
    [0.2, () => `/countries/${country()}?top=${top()}`],
    [0.15, () => nearestPath(spot())],
    [0.12, () => `/search?q=${encodeURIComponent(word())}`],
    [0.03, () => '/surprise'],
  ]
  let atMs = 0
  const fast = visitsPerSecond(size)
  const rate = (): number => (fast * (1 + (6 * atMs) / durationMs)) / 7
  // Gaps of independent visitors: exponential, shorter as the traffic rises.
  const gapMs = (): number => (-Math.log(1 - random()) * 1000) / rate()
  while ((atMs += gapMs()) < durationMs) {
    let drawn = random()
    const page = pages.find(([share]) => (drawn -= share) < 0) ?? pages[0]!
    yield { kind: 'visit', path: page[1](), atMs }
  }
}

function* scan(sample: Sample, random: () => number, size: LoadSize): Iterable<Arrival> {
  const { durationMs } = size
  const scanSize = scaled(400, size)
  const first = Math.floor(random() * (sample.remote.length - scanSize))
  for (const [index, id] of sample.remote.slice(first, first + scanSize).entries()) {
    yield { kind: 'scan', path: `/cities/${id}`, atMs: durationMs * (0.5 + (0.1 * index) / scanSize) }
  }
}

function* edits(sample: Sample, random: () => number, size: LoadSize): Iterable<Arrival> {
  const { durationMs, scale } = size
  const famous = sample.popular.slice(0, scaled(600, size))
  const city = zipf(
    famous.filter(({ country }) => country !== crowdCountry),
    1,
    random,
  )
  // At least three in a load, and at most one a second.
  const everyMs = Math.min(1000 / scale, durationMs / 3)
  for (let atMs = everyMs / 2; atMs < durationMs; atMs += everyMs) {
    const edited = city()
    const population = edited.population + Math.floor(random() * 1000)
    const shownOn = [`/cities/${edited.id}`, `/countries/${edited.country}?top=10`, nearestPath(edited)]
    yield { kind: 'edit', id: edited.id, population, shownOn, atMs }
  }
}

function nearestPath({ latitude, longitude }: City): string {
  return `/nearest?lat=${latitude.toFixed(1)}&lon=${longitude.toFixed(1)}`
}

/** Returns the text that a visitor types to find this city: the first letters of its name. */
function wordOf({ name }: City): string {
  return name.slice(0, 4).trim().toLowerCase()
}
