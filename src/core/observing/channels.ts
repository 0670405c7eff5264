import { channel, type Channel } from 'node:diagnostics_channel'
import type { CacheEvents } from './events.ts'

/** The channels of `node:diagnostics_channel` on which the events of all caches are published, by their names. */
export const CHANNELS: { readonly [Name in keyof CacheEvents]: Channel } = {
  read: channel('cachette:read'),
  load: channel('cachette:load'),
  write: channel('cachette:write'),
  invalidate: channel('cachette:invalidate'),
  remove: channel('cachette:remove'),
  call: channel('cachette:call'),
  connection: channel('cachette:connection'),
}
