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

/** From this the compiler learns the arguments; whether they fit, it learns from {@link CheckArguments}. */
type Hint<Args extends readonly unknown[]> = ((...args: Args) => unknown) | object

/** What is looked at of the context that a TC39 decorator of methods is called with. */
export interface MethodContext<Self, Args extends readonly unknown[]> {
  /** A decorator of anything else has another. */
  readonly kind: 'method'
  /** The method's. */
  readonly name: string | symbol
  /** Names the types of the class and of the method. */
  readonly access: { has(object: Self): boolean; get(object: Self): Hint<Args> }
}

/** What is looked at of the descriptor that a legacy decorator of methods is called with. */
export interface MethodDescriptor<Args extends readonly unknown[]> {
  /** The method. */
  readonly value?: Hint<Args>
}

/**
 * A decorator of methods that answer promises, in TC39 and in legacy form. The templates and functions of its options
 * must fit the method, or the compiler refuses the decorator. The method keeps its type.
 */
export interface MethodDecoratorOf<Self, Args extends readonly unknown[], Text extends string> {
  // One signature, since the types of an option such as `(self) => self.cache` are inferred from it.
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
