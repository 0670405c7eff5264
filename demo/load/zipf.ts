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
