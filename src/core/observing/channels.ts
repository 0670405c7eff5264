import { channel, type Channel } from 'node:diagnostics_channel'
import type { CacheEvents } from './events.ts'

const NAMES = ['read', 'load', 'write', 'invalidate', 'remove', 'call', 'connection'] as const

/** The channels of `node:diagnostics_channel` on which the events of all caches are published, by their names. */
export const CHANNELS: { readonly [Name in keyof CacheEvents]: Channel } = Object.fromEntries(
  NAMES.map((name) => [name, channel(`cachette:${name}`)]),
) as Record<keyof CacheEvents, Channel>
