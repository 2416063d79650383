// `npm start`: sets up what is missing and runs the quickstart.
import { build, install, run } from './set-up.mjs'

install()
build()
process.exitCode = run('npm', ['run', '--silent', 'start', '--workspace', '@larder/example-quickstart'])
