// `npm run docs:demo`: plays the city guide and shows its output in README.md.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const PLACE = /(<!-- city guide -->\n)[^]*?(<!-- end -->)/

const page = readFileSync('README.md', 'utf8')
if (!PLACE.test(page)) throw new Error('README.md has no place for the output of the city guide')
const demo = spawnSync('npm', ['start', '--silent', '--', '--once'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})
if (demo.status !== 0) throw new Error(`The city guide failed:\n${demo.stdout}`)
const from = demo.stdout.indexOf('City guide over')
const to = demo.stdout.lastIndexOf('\n\nAll figures')
// The ports are other ones each time.
const output = demo.stdout.slice(from, to).replace(/, http:\S+ and http:\S+\./, '.')
writeFileSync(
  'README.md',
  page.replace(PLACE, (_, begin: string, end: string) => `${begin}\n\`\`\`text\n${output}\n\`\`\`\n\n${end}`),
)
console.log(output)
