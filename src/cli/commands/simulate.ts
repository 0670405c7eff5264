import { writeFile } from 'node:fs/promises'
import { InvalidArgumentError, type Command } from 'commander'
import { readTrace, type Trace } from '../../analysis/trace/read-trace.ts'
import { simulate, type Simulated, type SimulatedPolicy } from '../../analysis/trace/simulate.ts'
import { isCacheError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { chartOf } from '../chart.ts'
import { EXIT, Failure, type ExitCode } from '../failure.ts'
import type { Host } from '../host.ts'
import { spanText, type Output } from '../output.ts'

interface SimulateOptions {
  readonly sizes?: readonly number[] | undefined
  readonly svg?: string | undefined
}

/** The sizes without `--sizes`, in sizes of the recorded cache. */
const MULTIPLES = [0.25, 0.5, 1, 2, 4, 8]
/** The same, in numbers of keys of the trace, if the recorded cache had room for all of them. */
const SHARES = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]
const LABELS: Readonly<Record<SimulatedPolicy, string>> = { cachette: 'Cachette', lru: 'LRU' }

/** Adds `cachette simulate TRACE`. */
export function addSimulate(program: Command, host: Host): void {
  const command = host
    .add(
      program,
      'simulate',
      'Plays a recorded trace with caches of other sizes, and prints their hit ratios. It needs no server.',
      'npx cachette simulate shop.trace --sizes 1000,10000,100000 --svg shop.svg',
    )
    .argument('<trace>', 'a file of recordAccesses()')
    .option(
      '-s, --sizes <numbers>',
      'numbers of entries; default: some around the recorded size, or up to the number of keys',
      sizesOf,
    )
    .option('--svg <file>', 'draws the hit ratios to a file, too')
    .option('--json', 'JSON instead of text')
  host.act<SimulateOptions, [string]>(command, async (output, options, name) => {
    const trace = await traceOf(name)
    const { sizes = defaultSizes(trace) } = options
    const results: Simulated[] = []
    for (const [index, size] of sizes.entries()) {
      output.progress(`${index} of ${sizes.length} sizes`)
      results.push(...simulate(trace, [size]))
    }
    output.progress('')
    show(output, trace, results)
    if (options.svg !== undefined) await draw(output, options.svg, trace, results)
    return exitOf(output, results)
  })
}

async function traceOf(name: string): Promise<Trace> {
  try {
    return await readTrace(name)
  } catch (error) {
    if (!isCacheError(error)) throw error
    // The person knows the command and not the function.
    throw new Failure(EXIT.usage, error.message.replace(/^readTrace: (source: )?/, ''))
  }
}

function defaultSizes({ records, share, maxEntries = Infinity }: Trace): readonly number[] {
  const keys = new Set(records.map(({ key }) => key)).size / share
  const all = maxEntries < keys ? MULTIPLES.map((n) => n * maxEntries) : SHARES.map((part) => part * keys)
  return [...new Set(all.map((size) => Math.max(1, Math.round(size))))]
}

function show(output: Output, trace: Trace, results: readonly Simulated[]): void {
  const { cache, records, share, maxEntries } = trace
  if (output.isJson) output.json({ cache, records: records.length, share, maxEntries, results })
  else
    output.table(
      ['entries', 'policy', 'hit ratio', 'loads', 'time of loads'],
      results.map(({ entries, policy, hitRatio, loads, loadMs }) => [
        String(entries),
        LABELS[policy],
        `${(100 * hitRatio).toFixed(1)} %`,
        String(loads),
        spanText(loadMs / 1000),
      ]),
      [0, 2, 3, 4],
    )
  const size = maxEntries === undefined ? 'without a bound' : `with room for ${maxEntries} entries`
  output.note(`${records.length} records of ${cache}, ${size}.`)
}

async function draw(
  output: Output,
  file: string,
  { cache }: Trace,
  results: readonly Simulated[],
): Promise<void> {
  const lines = (['cachette', 'lru'] as const).map((policy) => ({
    label: LABELS[policy],
    points: results
      .filter((one) => one.policy === policy)
      .map(({ entries, hitRatio }) => [entries, hitRatio] as const)
      .toSorted(([one], [other]) => one - other),
  }))
  try {
    await writeFile(file, chartOf(`${cache}: hit ratio by size`, lines))
  } catch (error) {
    throw new Failure(
      EXIT.usage,
      `--svg: the file ${inspect(file)} can't be written: ${String(Reflect.get(error as object, 'code'))}`,
    )
  }
  output.note(`The picture is in ${file}.`)
}

function exitOf(output: Output, results: readonly Simulated[]): ExitCode {
  if (results.some(({ reads }) => reads > 0)) return EXIT.done
  output.note('There are no reads in this trace.')
  return EXIT.negative
}

function sizesOf(text: string): readonly number[] {
  const sizes = text.split(',').map(Number)
  if (sizes.every((size) => Number.isSafeInteger(size) && size >= 1)) return [...new Set(sizes)]
  throw new InvalidArgumentError('Whole numbers from 1 with commas between them, such as 1000,10000.')
}
