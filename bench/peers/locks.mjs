/**
 * Each peer as a lock that holds for 30 s, over a Redis server.
 *
 * `open(url)` gives `acquire(key)`, which waits until it has the lock and resolves to the function that releases it. The
 * client is ioredis 5: most of them want no later one. Where a name says `retry`, that is the only option set; the number
 * of retries is raised for all, since each is to get the lock in the end.
 */
const TTL_MS = 30_000
const MANY = 10_000

async function ioredis(url) {
  const { Redis } = await import('ioredis')
  return new Redis(url)
}

async function semaphore(url) {
  const { Mutex } = await import('redis-semaphore')
  const client = await ioredis(url)
  return async (key) => {
    const mutex = new Mutex(client, key, { lockTimeout: TTL_MS, acquireTimeout: TTL_MS })
    await mutex.acquire()
    return () => mutex.release()
  }
}

const redlock4 = (options) => async (url) => {
  const { default: Redlock } = await import('redlock')
  const redlock = new Redlock([await ioredis(url)], { retryCount: MANY, ...options })
  return async (key) => {
    const lock = await redlock.acquire(key, TTL_MS)
    return () => lock.unlock()
  }
}

async function sesamecare(url) {
  const { Redlock } = await import('@sesamecare-oss/redlock')
  // Its scripts select a database by themselves: unless told, the one of another row.
  const db = Number(new URL(url).pathname.slice(1))
  const redlock = new Redlock([await ioredis(url)], { retryCount: MANY, db })
  return async (key) => {
    const lock = await redlock.acquire([key], TTL_MS)
    return () => lock.release()
  }
}

const verrou = (retry) => async (url) => {
  const { Verrou } = await import('@verrou/core')
  const { redisStore } = await import('@verrou/core/drivers/redis')
  const connection = await ioredis(url)
  const locks = new Verrou({ default: 'redis', stores: { redis: { driver: redisStore({ connection }) } } })
  return async (key) => {
    const lock = locks.createLock(key, TTL_MS)
    if (!(await lock.acquire(retry && { retry }))) throw new Error('not acquired')
    return () => lock.release()
  }
}

export default [
  { name: 'redis-semaphore Mutex', open: semaphore },
  { name: 'redlock 4', open: redlock4({}), waitsLong: true },
  { name: 'redlock 4, retry 10 ± 5 ms', open: redlock4({ retryDelay: 10, retryJitter: 5 }), onlyWaiting: true },
  { name: '@sesamecare-oss/redlock', open: sesamecare, waitsLong: true },
  { name: 'verrou', open: verrou(), waitsLong: true },
  { name: 'verrou, retry 10 ms', open: verrou({ delay: 10, attempts: MANY }), onlyWaiting: true },
]
