import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { resembling } from '../cache/wrap.ts'

/** A method that may be decorated: it answers a promise, as the decorated one does. */
export type AsyncMethod = (this: never, ...args: never[]) => Promise<unknown>

/** A method in the form in which it is called. */
export type Method = (this: unknown, ...args: unknown[]) => unknown

/** A decorator of methods, as a call with any arguments that the compiler passes. */
export type Decorate = (target: unknown, name: unknown, descriptor?: PropertyDescriptor) => unknown

type Metadata = Readonly<
  Record<'getOwnMetadataKeys' | 'getOwnMetadata' | 'defineMetadata', Method | undefined>
>

/**
 * Makes a decorator in both forms. TC39 calls it with the method and a context, and it answers the new method. The
 * legacy form (`experimentalDecorators`) calls it with the prototype, the name and the descriptor, which it changes.
 */
export function methodDecorator(
  decorator: string,
  decorate: (method: Method, name: string) => Method,
): Decorate {
  const replace = (method: Method, name: string): Method => {
    const kind = Object.prototype.toString.call(method)
    if (kind.includes('Generator')) throw notAMethod(decorator, name, 'generator')
    const decorated = resembling(decorate(method, name), method)
    copyMetadata(method, decorated)
    return decorated
  }
  return (target, name, descriptor) => {
    if (isContext(name)) {
      if (name.kind === 'method') return replace(target as Method, String(name.name))
      throw notAMethod(decorator, name.name, name.kind)
    }
    const method: unknown = descriptor?.value
    if (typeof method === 'function') return { ...descriptor, value: replace(method as Method, String(name)) }
    throw notAMethod(decorator, name, kindOf(name, descriptor))
  }
}

function isContext(value: unknown): value is { readonly kind: string; readonly name: unknown } {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'kind') === 'string'
}

function kindOf(name: unknown, descriptor: PropertyDescriptor | undefined): string {
  if (descriptor?.get ?? descriptor?.set) return 'getter or setter'
  return name === undefined ? 'class' : 'field'
}

function notAMethod(decorator: string, name: unknown, kind: string): OptionsError {
  const what = name === undefined ? `a ${kind}` : `${inspect(name)}, a ${kind}`
  return new OptionsError(
    `${decorator}: stands before a method only, not before ${what}; make it a method that answers a promise`,
  )
}

// Copies metadata, because frameworks keep the facts of their decorators by function, with the package
// reflect-metadata.
function copyMetadata(from: Method, to: Method): void {
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = Reflect as unknown as Metadata
  if (!getOwnMetadataKeys || !getOwnMetadata || !defineMetadata) return
  for (const key of getOwnMetadataKeys.call(Reflect, from) as unknown[])
    defineMetadata.call(Reflect, key, getOwnMetadata.call(Reflect, key, from), to)
}
