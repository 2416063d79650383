/** 96 random bits in base 36. Unguessable and, for any number of stamps a system writes, unique. */
export function randomId(): string {
  let id = ''
  for (const word of crypto.getRandomValues(new Uint32Array(3))) id += word.toString(36).padStart(7, '0')
  return id
}
