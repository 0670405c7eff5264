// Packs the package as it would be published, weighs it as it is installed, and asks publint and are-the-types-wrong
// about the tarball.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { figure } from '../bench/figures.ts'
import { pack } from './pack.ts'

const bin = join(import.meta.dirname, '../node_modules')
const judges = {
  publint: [join(bin, 'publint/src/cli.js'), 'run', '--strict'],
  'are-the-types-wrong': [join(bin, '@arethetypeswrong/cli/dist/index.js'), '--no-color'],
}
const MOST_BYTES = 2_500_000
const MOST_FILES = 400

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
const { size, unpackedSize, entryCount } = packed
packed[Symbol.dispose]()
figure('package as installed, bytes', unpackedSize)
figure('package as installed, files', entryCount)
const isSmall = unpackedSize <= MOST_BYTES && entryCount <= MOST_FILES
if (!isSmall)
  console.error(`package: at most ${MOST_BYTES} bytes and ${MOST_FILES} files are to be installed`)
console.log(
  `package: tarball of ${size} bytes, installed ${unpackedSize} bytes in ${entryCount} files ` +
    `(at most ${MOST_BYTES} in ${MOST_FILES}), ${failed} of ${Object.keys(judges).length} judges object`,
)
process.exitCode = failed === 0 && isSmall ? 0 : 1
