// Packs the package as it would be published and asks publint and are-the-types-wrong about the tarball.
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { pack } from './pack.ts'

const bin = join(import.meta.dirname, '../node_modules')
const judges = {
  publint: [join(bin, 'publint/src/cli.js'), 'run', '--strict'],
  'are-the-types-wrong': [
    join(bin, '@arethetypeswrong/cli/dist/index.js'),
    '--profile',
    'esm-only',
    '--no-color',
  ],
}

const packed = pack()
let failed = 0
for (const [name, [script, ...options]] of Object.entries(judges)) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script!, packed.tarball, ...options], {
    encoding: 'utf8',
  })
  if (status === 0) continue
  failed += 1
  console.error(`package: ${name} objects\n${stdout}${stderr}`)
}
const kilobytes = (statSync(packed.tarball).size / 1024).toFixed(1)
packed[Symbol.dispose]()
console.log(`package: tarball of ${kilobytes} KB, ${failed} of ${Object.keys(judges).length} judges object`)
process.exitCode = failed === 0 ? 0 : 1
