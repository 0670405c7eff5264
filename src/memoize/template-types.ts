/** The texts between the braces of a template. */
type Placeholders<Text extends string> = Text extends `${string}{${infer Inner}}${infer Rest}`
  ? Inner | Placeholders<Rest>
  : never

/** Whether values of a type may have the property that a path names. */
type Has<T, Path extends string> = 0 extends 1 & T
  ? true
  : Path extends `${infer Name}.${infer Rest}`
    ? Has<PropertyOf<NonNullable<T>, Name>, Rest>
    : [PropertyOf<NonNullable<T>, Path>] extends [never]
      ? false
      : true

/** The type of a property, from each member of a union that has it. */
type PropertyOf<T, Name extends string> = T extends unknown ? (Name extends keyof T ? T[Name] : never) : never

/** Whether there is such an argument. */
type HasArgument<Args extends readonly unknown[], Index extends string> = Index extends keyof Args
  ? true
  : number extends Args['length']
    ? Index extends `${number}`
      ? true
      : false
    : false

type ArgumentAt<Args extends readonly unknown[], Index extends string> = Index extends keyof Args
  ? Args[Index]
  : Args[number]

type IsKnown<Inner extends string, Args extends readonly unknown[], Result> = Inner extends `this.${string}`
  ? true
  : Inner extends 'result'
    ? true
    : Inner extends `result.${infer Path}`
      ? Has<Result, Path>
      : Inner extends `${infer Index}.${infer Path}`
        ? HasArgument<Args, Index> extends true
          ? Has<ArgumentAt<Args, Index>, Path>
          : false
        : HasArgument<Args, Inner>

type Unknown<Inner extends string, Args extends readonly unknown[], Result> = Inner extends unknown
  ? IsKnown<Inner, Args, Result> extends false
    ? Inner
    : never
  : never

/**
 * `unknown` if every placeholder of the templates names something that a method with these arguments and this result
 * has. Else a type without values, with the placeholders in it for the compiler's message. Properties of `this` may be
 * private, so that only the call can tell.
 */
export type CheckTemplates<Text extends string, Args extends readonly unknown[], Result> = [
  Unknown<Placeholders<Text>, Args, Result>,
] extends [never]
  ? unknown
  : { readonly 'not found by the template': Unknown<Placeholders<Text>, Args, Result> }
