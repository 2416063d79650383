// biome-ignore lint/suspicious/noExplicitAny: a constraint on functions has to leave parameters open both ways.
export type Any = any

/** A function that Larder can stand in front of: it returns a Promise. */
export type AsyncFunction<Args extends Any[] = Any[], Result = Any> = (this: Any, ...args: Args) => Promise<Result>

/** What parameters must begin with so that a callback written for `Args` can be called with them. */
export type Beginning<Args extends Any[]> = number extends Args['length'] ? Args : [...Args, ...Any[]]

/**
 * `unknown` where a callback for `Params` can be called with what the method `Taken` takes; otherwise a type that
 * nothing has, so that the compiler points at the decorator.
 */
export type Fits<Taken extends Any[], Params extends Any[]> = ((...args: Params) => void) extends (
  ...args: Taken
) => void
  ? unknown
  : { readonly 'a callback takes other parameters than this method': never }

/**
 * `unknown` where what a cache may serve instead of a method's own result passes for one; otherwise a type that nothing
 * has. Undecided for no method unless a schema says what that is.
 */
export type Serves<Method extends AsyncFunction, Served> = 0 extends 1 & Served
  ? unknown
  : [Served] extends [Awaited<ReturnType<Method>>]
    ? unknown
    : { readonly 'what the schema gives is no result of this method': never }

/**
 * A decorator for methods that return a Promise, in every dialect: TC39 standard, `experimentalDecorators`, and the
 * one-argument form that Turbopack emits. Anything else (a getter, a field, a class, a method that does not return a
 * Promise) is a compile-time error, and so is a callback in its options that was written for other parameters (`Args`)
 * or another `Result` than the method has. `Served` is what a schema gives, where there is one.
 *
 * `Taken` and `Params` are both inferred as the method's parameters. Only where those do not satisfy the callbacks, does
 * `Params` become what the callbacks take. To compare the two is to compare a type with itself wherever all is well:
 * comparing with `Args` would stay undecided in a generic class, where a method takes a type parameter of the class and
 * a callback takes what it extends.
 */
export interface AsyncMethodDecorator<Args extends Any[] = Any[], Result = Any, Served = Any> {
  /** TC39 standard. */
  <Method extends AsyncFunction, Taken extends Any[], Params extends Beginning<Args>>(
    method: Method &
      AsyncFunction<Taken> &
      AsyncFunction<Params, Result> &
      Fits<Taken, Params> &
      Serves<Method, Served>,
    context: ClassMethodDecoratorContext<Any, Method>,
  ): Method
  /** `experimentalDecorators`. */
  <Method extends AsyncFunction, Taken extends Any[], Params extends Beginning<Args>>(
    target: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<
      Method & AsyncFunction<Taken> & AsyncFunction<Params, Result> & Fits<Taken, Params> & Serves<Method, Served>
    >,
  ): TypedPropertyDescriptor<Method>
}
