import type { Advice, FamilySnapshot } from '../snapshot.ts'
import { countText, percentText } from './words.ts'

/** The number of entries that must have ended before anything is said of them. */
export const LEAST_LIVES = 50
/** The share of entries that must have served nobody, at the lower end of its interval. */
const MOST_OF_THEM = 0.8
const HALF_OF_THEM = 0.5

/**
 * Returns a sentence for a family whose entries are hardly ever read after they were stored, or are mostly invalidated
 * before. Below 50 entries that have ended it says nothing.
 */
export function adviseUnread({ family, lives }: FamilySnapshot): Advice | undefined {
  const { ended, unread, invalidatedUnread } = lives
  if (ended < LEAST_LIVES) return undefined
  const numbers = { ended, unread, invalidatedUnread }
  if (lowerEnd(invalidatedUnread, ended) >= HALF_OF_THEM) {
    const share = percentText(invalidatedUnread / ended)
    const sentence = `${family}: ${share} of ${countText(ended)} entries were invalidated before anybody read them: do not cache it, or invalidate less`
    return { kind: 'unread', family, sentence, numbers }
  }
  if (lowerEnd(unread, ended) < MOST_OF_THEM) return undefined
  const sentence = `${family}: ${percentText(unread / ended)} of ${countText(ended)} entries were never read again: do not cache it`
  return { kind: 'unread', family, sentence, numbers }
}

// The lower end of the interval of 95 % (Wilson, 1927).
function lowerEnd(count: number, all: number): number {
  const z = 1.96
  const share = count / all
  const middle = share + z ** 2 / (2 * all)
  const width = z * Math.sqrt((share * (1 - share)) / all + z ** 2 / (4 * all ** 2))
  return (middle - width) / (1 + z ** 2 / all)
}
