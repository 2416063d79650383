import { parse, stringify } from 'devalue'
import superjson from 'superjson'

export default [
  { name: 'superjson', write: (value) => superjson.stringify(value), read: (text) => superjson.parse(text) },
  { name: 'devalue', write: (value) => stringify(value), read: (text) => parse(text) },
]
