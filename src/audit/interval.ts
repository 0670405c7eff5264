/** A share with its limits. */
export interface Share {
  /** The share of samples that were right; `undefined` without a sample. */
  readonly ratio: number | undefined
  /** The 95 % interval by Wilson's formula. */
  readonly low: number
  readonly high: number
  /** The share that is right at least, with 95 % confidence: by the rule of three if no sample was wrong. */
  readonly atLeast: number
}

// The 97.5 % quantile of the normal distribution.
const Z = 1.959_963_984_540_054

/** Returns the share of right samples, and how sure that is. */
export function shareOf(samples: number, wrong: number): Share {
  if (samples === 0) return { ratio: undefined, low: 0, high: 1, atLeast: 0 }
  const ratio = (samples - wrong) / samples
  const square = Z * Z
  const scale = 1 + square / samples
  const centre = (ratio + square / (2 * samples)) / scale
  const half = (Z / scale) * Math.sqrt((ratio * (1 - ratio)) / samples + square / (4 * samples * samples))
  const low = wrong === samples ? 0 : Math.max(0, centre - half)
  const high = wrong === 0 ? 1 : Math.min(1, centre + half)
  return { ratio, low, high, atLeast: wrong === 0 ? Math.max(0, 1 - 3 / samples) : low }
}
