import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../peers/', import.meta.url))

/** Installs the peers at their pinned versions, unless they are there. They are no part of the repository's own install. */
export function installPeers() {
  if (havePeers()) return
  // A shell, since npm is a script of another name on Windows.
  execFileSync('npm install --no-audit --no-fund', { cwd: folder, stdio: 'inherit', shell: true })
}

/** Whether every peer is there, at its pinned version. */
export function havePeers() {
  const pinned = read('package.json').dependencies
  try {
    return Object.entries(peerVersions()).every(([name, version]) => version === pinned[name])
  } catch {
    return false
  }
}

/** What `bench/peers/<name>.mjs` exports. The peers must be installed. */
export async function loadPeers(name) {
  return (await import(`../peers/${name}.mjs`)).default
}

/** The same; an empty list, and a word about it, where the peers are not installed. */
export async function listPeers(name) {
  if (havePeers()) return loadPeers(name)
  console.log('Peers are not installed: ours and the floor only. `npm run bench -- --peers` installs them.\n')
  return []
}

export function peerVersions() {
  const names = Object.keys(read('package.json').dependencies)
  return Object.fromEntries(names.map((name) => [name, read(`node_modules/${name}/package.json`).version]))
}

function read(path) {
  return JSON.parse(readFileSync(`${folder}${path}`, 'utf8'))
}
