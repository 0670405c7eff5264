// `npm run build:dashboard` bundles the dashboard's page into one source file, so that users need no build step. With
// `--check` it fails if that file is out of date, or too large.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { rolldown } from 'rolldown'

const MOST_BYTES = 80_400
const root = join(import.meta.dirname, '..')
const target = join(root, 'src/dashboard/page.generated.ts')

const bundle = await rolldown({
  input: join(root, 'dashboard-page/main.ts'),
  platform: 'browser',
  tsconfig: false,
  // Templates keep their indentation otherwise.
  plugins: [
    {
      name: 'unindent',
      transform: (code, id) => (id.includes('dashboard-page') ? code.replaceAll(/\n\s+/g, '\n') : undefined),
    },
  ],
})
const { output } = await bundle.generate({ format: 'es', minify: true, comments: { legal: false } })
await bundle.close()
const script = output[0].code.trim()
const css = readFileSync(join(root, 'dashboard-page/style.css'), 'utf8')
const style = (await transform(css, { loader: 'css', minify: true })).code.trim()
const source = `// Made by \`npm run build:dashboard\`.
/*! With uPlot (MIT, Leon Sorokin), preact (MIT, Jason Miller) and htm (Apache-2.0, Google LLC). */
export const PAGE_SCRIPT: string = ${JSON.stringify(script)}
export const PAGE_STYLE: string = ${JSON.stringify(style)}
`

const size = Buffer.byteLength(script) + Buffer.byteLength(style)
console.log(`dashboard: the page has ${size} bytes of ${MOST_BYTES}`)
if (size > MOST_BYTES || /<\/script|<!--/i.test(script)) {
  console.error('dashboard: the page is too large, or its script would end in the middle')
  process.exitCode = 1
}
if (!process.argv.includes('--check')) writeFileSync(target, source)
else if (readFileSync(target, 'utf8') !== source) {
  console.error('dashboard: src/dashboard/page.generated.ts is out of date: npm run build:dashboard')
  process.exitCode = 1
}
