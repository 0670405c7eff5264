import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { checkFunction, checkMethods, partOf } from '../../options/checks.ts'

/** A class whose instances can be stored. Its constructor may have any parameters, and may be private in TypeScript. */
export interface StorableClass<T extends object> {
  /** The name of the class in stored bytes, unless its codec has another. */
  readonly name: string
  /** The prototype by which instances are recognised. */
  readonly prototype: T
}

/** The codec that turns instances of one class into data and back. */
export interface ClassCodec<T extends object, D = unknown> {
  /** Returns the data of an instance: any value that can be stored, with instances of other registered classes too. */
  encode(instance: T): D
  /**
   * Returns a new instance from a private copy of such data. It may throw for data of an older form, which is a miss.
   */
  decode(data: D): T
  /** The name of the class in stored bytes. After a change of it, earlier entries are misses. @default its name */
  readonly name?: string | undefined
}

/** A registration, as the walks use it. */
export interface RegisteredClass {
  /** The name of the class in stored bytes. */
  readonly name: string
  /** See {@link ClassCodec.encode}. */
  encode(instance: object): unknown
  /** See {@link ClassCodec.decode}. */
  decode(data: unknown): object
}

/** The classes whose instances a cache stores and gives back as instances. */
export class TypeRegistry {
  readonly #byPrototype = new Map<object, RegisteredClass>()
  readonly #byName = new Map<string, RegisteredClass>()

  /**
   * Lets instances of `type` be stored. Instances of its subclasses are not included, because each class is registered
   * itself. Registering a class again replaces its codec. A name that another class has throws {@link OptionsError}.
   */
  register<T extends object, D>(type: StorableClass<T>, codec: ClassCodec<T, D>): this {
    checkFunction(type, 'register: type')
    checkMethods(codec, ['encode', 'decode'], 'register: codec')
    const name = partOf(codec, 'name', 'register: codec') ?? partOf(type, 'name', 'register: type')
    if (typeof name !== 'string') throw new OptionsError(`register: codec: name: ${inspect(name)} is no text`)
    if (name === '') throw new OptionsError('register: codec: a class without a name needs the option `name`')
    const prototype = partOf(type, 'prototype', 'register: type')
    if (typeof prototype !== 'object' || prototype === null)
      throw new OptionsError(`register: type: ${inspect(type)} is no class`)
    const before = this.#byPrototype.get(prototype)
    const sameName = this.#byName.get(name)
    if (sameName !== undefined && sameName !== before) {
      throw new OptionsError(
        `another class is registered as ${JSON.stringify(name)}: give one of them a \`name\``,
      )
    }
    if (before !== undefined) this.#byName.delete(before.name)
    // The prototype selects the codec, so the instance is a T. Stored data was made by this very encode.
    const registered: RegisteredClass = {
      name,
      encode: (instance) => codec.encode(instance as T),
      decode: (data) => codec.decode(data as D),
    }
    this.#byPrototype.set(prototype, registered)
    this.#byName.set(name, registered)
    return this
  }

  /** Returns the registration of the class that has this prototype. */
  ofPrototype(prototype: object): RegisteredClass | undefined {
    return this.#byPrototype.get(prototype)
  }

  /** Returns the registration under this name. */
  named(name: string): RegisteredClass | undefined {
    return this.#byName.get(name)
  }
}

/** The registry of {@link register}, used by every cache that is given no other. */
export const defaultRegistry: TypeRegistry = new TypeRegistry()

/**
 * Lets instances of a class be stored by every cache that uses the default registry.
 *
 * @example
 * register(Money, { encode: (money) => money.cents, decode: (cents: number) => new Money(cents) })
 */
export function register<T extends object, D>(type: StorableClass<T>, codec: ClassCodec<T, D>): void {
  defaultRegistry.register(type, codec)
}
