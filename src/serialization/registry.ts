import { OptionsError } from '../core/errors.ts'

/** A class whose instances can be stored. Constructors of any parameters, private ones of TypeScript too. */
export interface StorableClass<T extends object> {
  /** What the class is called unless its codec says otherwise. */
  readonly name: string
  /** By which instances are recognised. */
  readonly prototype: T
}

/** How instances of one class become data and come back. */
export interface ClassCodec<T extends object, D = unknown> {
  /** The data of an instance: anything that can be stored, other registered classes included. */
  encode(instance: T): D
  /** A new instance from a private copy of such data. It may throw for data of an older form: a miss. */
  decode(data: D): T
  /** What the class is called in stored bytes; change it, and what was stored before is a miss. @default its name */
  readonly name?: string | undefined
}

/** A registration, as the walks use it. */
export interface RegisteredClass {
  /** What the class is called in stored bytes. */
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
   * Lets instances of `type` be stored. Instances of its subclasses are not meant by it: each is registered itself.
   * Registering a class again replaces its codec; a name that another class has throws {@link OptionsError}.
   */
  register<T extends object, D>(type: StorableClass<T>, codec: ClassCodec<T, D>): this {
    const name = codec.name ?? type.name
    if (name === '') throw new OptionsError('a class without a name needs the option `name`')
    const before = this.#byPrototype.get(type.prototype)
    const sameName = this.#byName.get(name)
    if (sameName !== undefined && sameName !== before) {
      throw new OptionsError(
        `another class is registered as ${JSON.stringify(name)}: give one of them a \`name\``,
      )
    }
    if (before !== undefined) this.#byName.delete(before.name)
    // The prototype is what selects the codec, so the instance is a T; stored data was made by this very encode.
    const registered: RegisteredClass = {
      name,
      encode: (instance) => codec.encode(instance as T),
      decode: (data) => codec.decode(data as D),
    }
    this.#byPrototype.set(type.prototype, registered)
    this.#byName.set(name, registered)
    return this
  }

  /** The registration of the class that has this prototype. */
  ofPrototype(prototype: object): RegisteredClass | undefined {
    return this.#byPrototype.get(prototype)
  }

  /** The registration under this name. */
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
