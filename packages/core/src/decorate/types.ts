// biome-ignore lint/suspicious/noExplicitAny: a constraint on functions has to leave parameters open both ways.
export type Any = any

/** A function that Larder can stand in front of: it returns a Promise. */
export type AsyncFunction<Args extends Any[] = Any[], Result = Any> = (this: Any, ...args: Args) => Promise<Result>

/**
 * `unknown` where callbacks written for `(…Args)` and a result of type `Result` can be called with what `Method` takes
 * and gives; otherwise a type that nothing has, so that the compiler points at the decorator.
 */
export type Fits<Method extends AsyncFunction, Args extends Any[], Result> = ((...args: Args) => void) extends (
  ...args: Parameters<Method>
) => void
  ? Awaited<ReturnType<Method>> extends Result
    ? unknown
    : { readonly 'a callback takes another result than this method gives': never }
  : { readonly 'a callback takes other parameters than this method': never }

/**
 * A decorator for methods that return a Promise, in every dialect: TC39 standard, `experimentalDecorators`, and the
 * one-argument form that Turbopack emits. Anything else (a getter, a field, a class, a method that does not return a
 * Promise) is a compile-time error.
 */
export interface AsyncMethodDecorator<Args extends Any[] = Any[], Result = Any> {
  <Method extends AsyncFunction>(
    method: Method & Fits<Method, Args, Result>,
    context: ClassMethodDecoratorContext<Any, Method>,
  ): Method
  <Method extends AsyncFunction>(
    target: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<Method & Fits<Method, Args, Result>>,
  ): TypedPropertyDescriptor<Method> | void
}
