// Only methods can be decorated, even where the value is a function that returns a Promise.
import { Cached, CacheEvict, withLock } from '@larder/core'

// @ts-expect-error: a class.
@Cached('5m', 'class')
export class Decorated {}

// @ts-expect-error: a class.
@withLock('class')
export class Locked {}

export class Catalog {
  // @ts-expect-error: a field.
  @Cached('5m', 'a')
  field = async (id: string): Promise<string> => id

  // @ts-expect-error: a field without a value.
  @Cached('5m', 'b')
  declared?: (id: string) => Promise<string>

  // @ts-expect-error: a getter.
  @Cached('5m', 'c')
  get getter(): Promise<string> {
    return Promise.resolve('a')
  }

  // @ts-expect-error: a setter.
  @CacheEvict({ tags: ['products'] })
  set setter(_value: string) {}

  // @ts-expect-error: an accessor.
  @withLock('accessor')
  accessor accessor = async (): Promise<string> => 'a'

  // @ts-expect-error: a static field.
  @Cached('5m', 'd')
  static field = async (): Promise<string> => 'a'
}
