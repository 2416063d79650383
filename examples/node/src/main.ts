import { startInstance } from './instance.js'

const instance = await startInstance(Number(process.env.PORT ?? 8080))
console.log(`Notices on ${instance.url}; stop it with Ctrl-C`)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, async () => {
    await instance.close()
    console.log('closed')
  })
}
