import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** The actions that may run, each with its major release. */
const ACTIONS = new Set([
  'actions/checkout@v4',
  'actions/deploy-pages@v4',
  'actions/setup-node@v4',
  'actions/upload-artifact@v4',
  'actions/upload-pages-artifact@v3',
  'github/codeql-action/analyze@v3',
  'github/codeql-action/init@v3',
])

interface Step {
  readonly uses?: string
  readonly run?: string
}
interface Job {
  readonly steps?: readonly Step[]
  readonly needs?: string | readonly string[]
  readonly strategy?: { readonly matrix?: Readonly<Record<string, readonly string[]>> }
}
interface Workflow {
  readonly name?: string
  readonly on?: unknown
  readonly permissions?: unknown
  readonly jobs?: Readonly<Record<string, Job>>
}
interface Field {
  readonly type: string
  readonly id?: string
  readonly attributes?: { readonly label?: string }
}
interface Form {
  readonly name?: string
  readonly description?: string
  readonly body?: readonly Field[]
}

/** The files of .github and their faults. */
export class Workflows {
  readonly #root: string
  readonly #scripts: Readonly<Record<string, string>>
  readonly #files: readonly string[]
  readonly objections: string[] = []

  constructor(root: string) {
    this.#root = root
    const manifest = readFileSync(join(root, 'package.json'), 'utf8')
    this.#scripts = (JSON.parse(manifest) as { scripts: Record<string, string> }).scripts
    const names = readdirSync(join(root, '.github'), { recursive: true, encoding: 'utf8' })
    this.#files = names.filter((name) => name.endsWith('.yml'))
    for (const name of this.#files) this.#check(name)
  }

  get count(): number {
    return this.#files.length
  }

  #check(name: string): void {
    const file = `.github/${name}`
    const text = readFileSync(join(this.#root, file), 'utf8')
    if (/secrets\s*[.[]|_authToken/i.test(text)) this.#object(file, 'it names a secret')
    if (/registry/i.test(text)) this.#object(file, 'it names a registry')
    try {
      const read: unknown = parse(text, { strict: true, uniqueKeys: true })
      if (name.startsWith('workflows/')) this.#checkWorkflow(file, read as Workflow)
      else if (name.startsWith('ISSUE_TEMPLATE/') && !name.endsWith('/config.yml'))
        this.#checkForm(file, read as Form)
      if (name === 'workflows/ci.yml') this.#checkPipeline(read as Workflow)
    } catch (error) {
      this.#object(file, String(error))
    }
  }

  #object(file: string, reason: string): void {
    this.objections.push(`${file}: ${reason}`)
  }

  /** Complains of commands that no script and no file of the project answers. */
  #checkCommands(file: string, text: string): void {
    for (const [, name] of text.matchAll(/npm run (?:--silent |-s )?([\w:-]+)/g))
      if (this.#scripts[name!] === undefined) this.#object(file, `there is no script ${name}`)
    for (const [, path] of text.matchAll(/(?:^|\s)((?:\.ci|test|tools)\/[\w./-]+)/g))
      if (!existsSync(join(this.#root, path!))) this.#object(file, `there is no ${path}`)
  }

  #checkWorkflow(file: string, workflow: Workflow): void {
    for (const part of ['name', 'on', 'permissions', 'jobs'] as const)
      if (workflow[part] === undefined) this.#object(file, `it has no ${part}`)
    const jobs = workflow.jobs ?? {}
    for (const [name, job] of Object.entries(jobs)) {
      for (const needed of [job.needs ?? []].flat())
        if (jobs[needed] === undefined) this.#object(file, `${name} needs ${needed}, which is not there`)
      if (job.steps === undefined) this.#object(file, `${name} has no steps`)
      for (const { uses, run } of job.steps ?? []) {
        if ((uses === undefined) === (run === undefined))
          this.#object(file, `a step of ${name} has to use or to run`)
        if (uses !== undefined && !ACTIONS.has(uses)) this.#object(file, `${uses} is not known`)
        if (run !== undefined) this.#checkCommands(file, run)
      }
      this.#checkCommands(file, (job.strategy?.matrix?.['command'] ?? []).join('\n'))
    }
  }

  #checkForm(file: string, { name, description, body }: Form): void {
    if (name === undefined || description === undefined) this.#object(file, `it has no name or description`)
    if (body === undefined || body.length === 0) this.#object(file, `it asks nothing`)
    for (const { id, type, attributes } of body ?? [])
      if (id === undefined || attributes?.label === undefined)
        this.#object(file, `one of the type ${type} has no id or no label`)
  }

  /** Complains of steps of .ci/run that no job runs. */
  #checkPipeline(ci: Workflow): void {
    const pipeline = readFileSync(join(this.#root, '.ci/run'), 'utf8')
    const jobs = Object.values(ci.jobs ?? {})
    const commands = new Set(jobs.flatMap((job) => job.strategy?.matrix?.['command'] ?? []))
    for (const [, command] of pipeline.matchAll(/step '(npm (?:run [\w:-]+|test))'/g))
      if (!commands.has(command!)) this.#object('.ci/run', `${command} is no job of ci.yml`)
  }
}
