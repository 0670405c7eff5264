import {
  errorPartNames,
  makeError,
  setErrorPart,
  takeErrorApart,
  type ErrorParts,
} from './json/error-parts.ts'
import { bytesOfView, makeView, viewName, type Kind, type View } from '../internal/kinds.ts'
import type { Step } from './json/path.ts'
import { setOwn } from './json/properties.ts'

/** Copies a part of a value. The step tells its place. */
export type CopyPart = (part: unknown, step: Step) => unknown

/**
 * Copies any object but a plain one or an array, on the way in and on the way out. It calls `remember` before it copies
 * parts, so that a circle leads back to the copy.
 */
export function copyKind(
  value: object,
  kind: Kind,
  copyPart: CopyPart,
  remember: (copy: object) => void,
): object {
  const parts = kind === 'error' ? takeErrorApart(value as Error) : undefined
  const copy = parts === undefined ? emptyCopy(value, kind) : emptyError(parts)
  remember(copy)
  switch (kind) {
    case 'map': {
      let index = 0
      for (const [key, part] of mapEntries.call(value as Map<unknown, unknown>)) {
        const keyCopy = copyPart(key, ['.keys()', index])
        ;(copy as Map<unknown, unknown>).set(keyCopy, copyPart(part, ['.values()', index++, key]))
      }
      break
    }
    case 'set': {
      let index = 0
      for (const part of setValues.call(value as Set<unknown>)) {
        ;(copy as Set<unknown>).add(copyPart(part, ['.values()', index++]))
      }
      break
    }
    case 'error':
      copyErrorParts(value as Error, parts!, copy as Error, copyPart)
      break
    case 'null-object':
      copyProperties(value, copy, copyPart)
      break
    default:
  }
  return copy
}

// The methods of the language, in case a subclass or an instance changed them.
const mapEntries: (this: Map<unknown, unknown>) => Iterable<[unknown, unknown]> = Map.prototype.entries
const setValues: (this: Set<unknown>) => Iterable<unknown> = Set.prototype.values

function emptyCopy(value: object, kind: Kind): object {
  switch (kind) {
    case 'map':
      return new Map()
    case 'set':
      return new Set()
    case 'null-object':
      return Object.create(null) as object
    case 'date':
      return new Date(Date.prototype.getTime.call(value))
    case 'regexp': {
      const { source, flags, lastIndex } = value as RegExp
      return Object.assign(new RegExp(source, flags), { lastIndex })
    }
    case 'url':
      return new URL((value as URL).href)
    case 'url-search-params':
      return new URLSearchParams((value as URLSearchParams).toString())
    case 'array-buffer':
      return (value as ArrayBuffer).slice(0)
    default: {
      const buffer = bytesOfView(value as View)
      return makeView(viewName(value as View), buffer) ?? new Uint8Array(buffer)
    }
  }
}

function emptyError({ type, message }: ErrorParts): Error {
  return makeError(type, message) ?? new Error(message)
}

function copyErrorParts(value: Error, parts: ErrorParts, copy: Error, copyPart: CopyPart): void {
  const { name, stack, cause, errors } = parts
  if (name !== undefined) setErrorPart(copy, 'name', name)
  setErrorPart(copy, 'stack', stack)
  if (cause !== undefined) setErrorPart(copy, 'cause', copyPart(cause.value, 'cause'))
  if (errors !== undefined) setErrorPart(copy, 'errors', copyPart(errors, 'errors'))
  copyProperties(value, copy, copyPart, errorPartNames)
}

function copyProperties(value: object, copy: object, copyPart: CopyPart, except?: ReadonlySet<string>): void {
  for (const name of Object.keys(value)) {
    if (except?.has(name) === true) continue
    const part = copyPart((value as Record<string, unknown>)[name], name)
    if (part !== undefined) setOwn(copy, name, part)
  }
}
