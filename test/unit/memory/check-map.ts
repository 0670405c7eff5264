import type { BoundedMap } from '../../../src/memory/bounded-map.ts'
import { EntryPolicy } from '../../../src/memory/eviction/entry-policy.ts'
import {
  FIRST_SLOT,
  IN_PROTECTED,
  IN_WINDOW,
  LISTS,
  WINDOW,
} from '../../../src/memory/eviction/eviction-policy.ts'
import type { EvictionPolicy } from '../../../src/memory/eviction/eviction-policy.ts'
import { WeightPolicy } from '../../../src/memory/eviction/weight-policy.ts'

/** Throws when the parts of a map contradict each other. */
export function checkMap<K, V>(map: BoundedMap<K, V>): void {
  const { slots, policy, expiry } = map.inside()
  const { index, keys, values, free, end } = slots
  if (policy.entries !== index.size) throw new Error('index and policy count differently')
  if (end - FIRST_SLOT - free.length !== index.size) throw new Error('a slot is lost')
  for (const [key, slot] of index) {
    if (!policy.holds(slot)) throw new Error(`the slot of ${String(key)} is in no list`)
    if (!isSameKey(keys[slot], key)) throw new Error(`the slot of ${String(key)} has another key`)
  }
  for (const slot of free) {
    if (keys[slot] !== undefined || values[slot] !== undefined)
      throw new Error('a free slot refers to something')
    if (expiry.remainingMs(slot) !== Infinity) throw new Error('a free slot has a deadline')
  }
  checkPolicy(policy)
}

function checkPolicy(policy: EvictionPolicy): void {
  let entries = 0
  let weight = 0
  let inWindow = 0
  let windowWeight = 0
  let inProtected = 0
  for (let list = 0; list < LISTS; list++) {
    for (let slot = policy['lists'].first(list); slot !== list; slot = policy['lists'].after(slot)) {
      if (++entries > policy.entries) throw new Error('the lists have more entries than there are')
      const place = policy.place(slot)
      if ((place === IN_WINDOW) !== list >= WINDOW) throw new Error(`slot ${slot} is misplaced`)
      weight += policy.weightOf(slot)
      if (place === IN_PROTECTED) inProtected++
      if (place !== IN_WINDOW) continue
      inWindow++
      windowWeight += policy.weightOf(slot)
    }
  }
  const { maxEntries, maxWeight } = policy['bounds']
  same('entries', policy.entries, entries)
  same('entries of the window', policy['windowEntries'], inWindow)
  same('weight', policy.weight, weight)
  if (policy instanceof EntryPolicy) same('protected entries', policy['protectedEntries'], inProtected)
  if (policy instanceof WeightPolicy) same('weight of the window', policy['windowWeight'], windowWeight)
  if (entries > maxEntries) throw new Error('more entries than the bound')
  if (weight > maxWeight * (1 + 1e-9)) throw new Error('heavier than the bound')
}

function same(what: string, counted: number, found: number): void {
  if (Math.abs(counted - found) > 1e-6 * (1 + found))
    throw new Error(`${what}: ${counted}, but there are ${found}`)
}

// As a Map compares keys.
function isSameKey(one: unknown, other: unknown): boolean {
  return one === other || (Number.isNaN(one) && Number.isNaN(other))
}
