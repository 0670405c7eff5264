import { SerializationError } from '../../core/errors.ts'

/**
 * The reason why stored bytes can't be read, as `kind` of the error. A cache takes each for a miss and counts it.
 *
 * - `foreign`: neither a frame nor JSON
 * - `corrupt`: a frame or revive tree that no writer makes
 * - `version`, `flags`, `body`: of a later version of the format
 * - `codec`: compressed in a way this process can't undo
 * - `cipher`: encrypted with a key it does not have, changed since, moved to another key, or not encrypted at all
 * - `class`: holds an instance of a class that is not registered here, or whose `decode` threw
 * - `serializer`: written by another serializer, or the one in use threw
 * - `limit`: larger or deeper than the limits allow
 */
export type UnreadableKind =
  | 'foreign'
  | 'corrupt'
  | 'version'
  | 'flags'
  | 'body'
  | 'codec'
  | 'cipher'
  | 'class'
  | 'serializer'
  | 'limit'

/** Makes the error for bytes that can't be read. */
export function unreadable(kind: UnreadableKind, why: string): SerializationError {
  return new SerializationError(`stored bytes can't be read: ${why}`, { path: '$', kind })
}

/** Throws, because the bytes are not those of any writer. */
export function corrupt(what: string): never {
  throw unreadable('corrupt', `${what} is not in its form`)
}
