/** The errors with constructors of their own on all platforms, by name. */
const errorTypes = new Map<string, ErrorConstructor>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [
    type.name,
    type,
  ]),
)

/** The stored parts of an error. Its own enumerable properties, such as `code`, are kept beside these. */
export interface ErrorParts {
  /** The built-in error that it is or extends. */
  readonly type: string
  /** The `name` if it is not that of the type: the name of a subclass. */
  readonly name?: string
  readonly message: string
  readonly stack?: string
  /** The cause if the error has one, even `undefined`. */
  readonly cause?: { readonly value: unknown }
  /** The errors of an AggregateError. */
  readonly errors?: readonly unknown[]
}

/** The properties that {@link ErrorParts} covers. */
export const errorPartNames: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors'])

/** Takes an error apart. */
export function takeErrorApart(error: Error): ErrorParts {
  const type = typeNameOf(error)
  const { name, message, stack } = error as { name: unknown; message: unknown; stack?: unknown }
  const errors: unknown = type === 'AggregateError' ? (error as AggregateError).errors : undefined
  return {
    type,
    message: typeof message === 'string' ? message : '',
    ...(typeof name === 'string' && name !== type ? { name } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(Object.hasOwn(error, 'cause') ? { cause: { value: error.cause } } : {}),
    ...(Array.isArray(errors) ? { errors } : {}),
  }
}

/** Returns an error of the type without a captured stack. The caller sets its other parts when it knows them. */
export function makeError(type: string, message: string): Error | undefined {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    if (type === 'AggregateError') return new AggregateError([], message)
    const construct = errorTypes.get(type)
    return construct === undefined ? undefined : new construct(message)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Sets a part of an error as its constructor would, not enumerable. */
export function setErrorPart(
  error: Error,
  name: 'name' | 'stack' | 'cause' | 'errors',
  value: unknown,
): void {
  Object.defineProperty(error, name, { value, writable: true, configurable: true, enumerable: false })
}

function typeNameOf(error: Error): string {
  for (let at: object | null = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
    if (!Object.hasOwn(at, 'constructor')) continue
    const { name } = at.constructor
    if (name === 'AggregateError' || errorTypes.has(name)) return name
  }
  return 'Error'
}
