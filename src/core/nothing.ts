import { SerializationError } from './errors.ts'

/** The error of every engine for `undefined`, which is not stored. */
export const NOTHING: SerializationError = new SerializationError(
  '$ is undefined, which means a miss and is not stored; store null for "none"',
  { path: '$', kind: 'undefined' },
)
