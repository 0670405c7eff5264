import type { AsyncMethod } from './method.ts'
import type { CheckTemplates } from './template-types.ts'

/** `unknown` when a function of these arguments can be called with those of the method. */
type CheckArguments<Args extends readonly unknown[], Given extends readonly unknown[]> = ((
  ...args: Args
) => void) extends (...args: Given) => void
  ? unknown
  : { readonly 'not the arguments of the method': Args }

type Check<F extends AsyncMethod, Args extends readonly unknown[], Text extends string> = CheckTemplates<
  Text,
  Parameters<F>,
  Awaited<ReturnType<F>>
> &
  CheckArguments<Args, Parameters<F>>

/** The type from which the compiler learns the arguments. {@link CheckArguments} tells it whether they fit. */
type Hint<Args extends readonly unknown[]> = ((...args: Args) => unknown) | object

/** The part of the context of a TC39 decorator of methods that is read. */
export interface MethodContext<Self, Args extends readonly unknown[]> {
  /** The kind, which differs for a decorator of anything else. */
  readonly kind: 'method'
  /** The name of the method. */
  readonly name: string | symbol
  /** The types of the class and of the method. */
  readonly access: { has(object: Self): boolean; get(object: Self): Hint<Args> }
}

/** The part of the descriptor of a legacy decorator of methods that is read. */
export interface MethodDescriptor<Args extends readonly unknown[]> {
  /** The method. */
  readonly value?: Hint<Args>
}

/**
 * A decorator of methods that answer promises, in TC39 and in legacy form. The templates and functions of its options
 * must fit the method, or the compiler refuses the decorator. The method keeps its type.
 */
export interface MethodDecoratorOf<Self, Args extends readonly unknown[], Text extends string> {
  // There is one signature, because the types of an option such as `(self) => self.cache` are inferred from it.
  <F extends AsyncMethod>(
    ...call:
      | [method: F, context: MethodContext<Self, Args> & Check<F, Args, Text>]
      | [
          target: Self,
          name: string | symbol,
          descriptor: TypedPropertyDescriptor<F> & MethodDescriptor<Args> & Check<F, Args, Text>,
        ]
  ): void
}
