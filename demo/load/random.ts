/** Numbers from 0 up to but not 1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Draws from `items` by Zipf's law: the item at rank r as often as 1 / r^exponent. */
export function zipf<T>(items: readonly T[], exponent: number, random: () => number): () => T {
  const cumulative: number[] = []
  let total = 0
  for (let rank = 1; rank <= items.length; rank += 1) cumulative.push((total += rank ** -exponent))
  return () => {
    const drawn = random() * total
    let low = 0
    let high = items.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (cumulative[middle]! > drawn) high = middle
      else low = middle + 1
    }
    return items[low]!
  }
}
