// Plays a cache over clients with each documented option and writes the table of docs/redis.md. Takes about a minute.
import { readFileSync, writeFileSync } from 'node:fs'
import { ENGINES } from '../test/real/caches.ts'
import {
  LIBRARIES,
  OPTION_CASES,
  playCache,
  rowTitle,
  type Library,
  type OptionCase,
  type ServersOfOptions,
} from '../test/real/clients/documented-options.ts'
import { startCluster, startRedis, startSentinelGroup } from '../test/real/servers/index.ts'

const FILE = 'docs/redis.md'
const NAMES = Object.keys(LIBRARIES) as Library[]

interface Outcome {
  readonly word: 'works' | 'refused' | 'fails'
  readonly message?: string
}

async function outcomeOf(one: OptionCase, library: Library, servers: ServersOfOptions): Promise<Outcome> {
  const made = await one.make(library, servers)
  try {
    for (const engine of ENGINES) await playCache(engine, made.client)
    return { word: 'works' }
  } catch (error) {
    const { name, message } = error as Error
    return { word: name === 'OptionsError' ? 'refused' : 'fails', message }
  } finally {
    made.close()
  }
}

async function rowOf(one: OptionCase, servers: ServersOfOptions): Promise<string> {
  const words: string[] = []
  const messages = new Set<string>()
  for (const library of NAMES) {
    if (!one.libraries.includes(library)) {
      words.push('-')
      continue
    }
    const { word, message } = await outcomeOf(one, library, servers)
    console.log(`${one.to}: ${one.label}, ${library}: ${word}${message === undefined ? '' : `, ${message}`}`)
    words.push(word)
    if (message !== undefined) messages.add(message.replaceAll('|', '\\|').replaceAll('\n', ' '))
    if (word === 'fails') process.exitCode = 1
  }
  return `${rowTitle(one)} ${words.join(' | ')} | ${[...messages].join('; ')} |`
}

async function table(): Promise<string> {
  const [server, cluster, sentinels] = await Promise.all([startRedis(), startCluster(), startSentinelGroup()])
  try {
    const rows: string[] = []
    for (const one of OPTION_CASES) rows.push(await rowOf(one, { server, cluster, sentinels }))
    return [
      `| client of | made with | ${NAMES.join(' | ')} | why not |`,
      `|---|---|${'---|'.repeat(NAMES.length)}---|`,
      ...rows,
    ].join('\n')
  } finally {
    await Promise.all([server.close(), cluster.close(), sentinels.close()])
  }
}

const [begin, end] = ['<!-- options of clients: begin -->', '<!-- options of clients: end -->']
const content = await table()
const text = readFileSync(FILE, 'utf8')
const [from, to] = [text.indexOf(begin), text.indexOf(end)]
if (from < 0 || to < from) throw new Error(`${FILE} has no place for the table`)
writeFileSync(FILE, `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`)
