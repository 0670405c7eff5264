import { SerializationError } from './errors.ts'

/** Why `undefined` is not stored, whatever the engine. */
export const NOTHING: SerializationError = new SerializationError(
  '$ is undefined, which means a miss and is not stored; store null for "none"',
  { path: '$', kind: 'undefined' },
)
