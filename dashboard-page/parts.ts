import { h, type VNode } from 'preact'
import htm from 'htm'
import type { CacheFigures, FamilyFigures, TimelineEvent } from '../src/dashboard/figures.ts'
import { Chart } from './chart.ts'
import type { Moment } from './state.ts'
import { bytes, count, duration, moment, percent } from './words.ts'

export const html = htm.bind(h) as (strings: TemplateStringsArray, ...values: unknown[]) => VNode

const NO_DATA = 'Nothing yet:'

/** The figures of the whole cache, as `stats()` has them. */
export function tiles({ stats, health }: CacheFigures): VNode {
  const stale = Object.values(stats.staleServed).reduce((sum, some) => sum + some, 0)
  const all: readonly (readonly [id: string, label: string, text: string])[] = [
    ['reads', 'reads', count(stats.hits + stats.misses)],
    ['hits', 'hits', count(stats.hits)],
    ['ratio', 'hit ratio', percent(stats.hitRatio)],
    ['loads', 'loads', count(stats.loads)],
    ['coalesced', 'shared a load', count(stats.coalesced)],
    ['stale', 'stale served', count(stale)],
    ['entries', 'entries', count(stats.entries)],
    ['errors', 'errors', count(stats.errors + stats.loadErrors + stats.loadTimeouts)],
  ]
  return html`<p class=${health.status === 'ok' ? 'soft' : 'bad'}>${health.status}: ${health.reason}</p>
    <dl class="tiles">
      ${all.map(
        ([id, label, text]) =>
          html`<div>
            <dt>${label}</dt>
            <dd id=${`stat-${id}`}>${text}</dd>
          </div>`,
      )}
    </dl>`
}

/** The reads a second of the last minutes. */
export function lately(moments: readonly Moment[]): VNode {
  const pairs = moments.slice(1).map((moment, index) => [moments[index]!, moment] as const)
  const rate = (name: 'hits' | 'misses' | 'loads'): number[] =>
    pairs.map(([before, now]) =>
      Math.max(0, ((now[name] - before[name]) * 1_000) / Math.max(1, now.at - before.at)),
    )
  const data = [pairs.map(([, { at }]) => at / 1_000), rate('hits'), rate('misses'), rate('loads')]
  return html`<${Chart}
    label="Hits, misses and loads a second in the last two minutes"
    isTime=${true}
    data=${data}
    valueText=${(value: number) => count(value)}
    series=${[
      { label: 'hits/s', color: 'good' },
      { label: 'misses/s', color: 'warn' },
      { label: 'loads/s', color: 'bad' },
    ]}
  />`
}

/** The worth by family. */
export function worth({ families }: CacheFigures, moments: readonly Moment[]): VNode {
  if (families.length === 0) return html`<p>${NO_DATA} the first read through the cache fills this table.</p>`
  const heads = [
    'family',
    'reads',
    'lately',
    'memory',
    'server',
    'load p50',
    'load p99',
    'time saved',
    'size p50',
    'ttl',
  ]
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Worth by family">
    <table>
      <caption class="hidden">
        Worth by family
      </caption>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${families.map((one) => familyRow(one, moments))}
      </tbody>
    </table>
  </div>`
}

// The reads between two frames, as a line. Screen readers get the count beside it.
function spark(family: string, moments: readonly Moment[]): VNode {
  const rises = moments
    .slice(1)
    .map(({ reads }, index) => (reads[family] ?? 0) - (moments[index]!.reads[family] ?? 0))
  const most = Math.max(1, ...rises)
  const points = rises.map((rise, index) => [index, 18 - (16 * rise) / most])
  return html`<svg width="120" height="20" aria-hidden><polyline points=${points} /></svg>`
}

function familyRow(one: FamilyFigures, moments: readonly Moment[]): VNode {
  const { savedMs } = one
  const error = savedMs.error === undefined ? '' : ` ± ${duration(savedMs.error)}`
  return html`<tr key=${one.family}>
    <th scope="row">${one.family}</th>
    <td>${count(one.reads)}</td>
    <td>${spark(one.family, moments)}</td>
    <td>${percent(one.l1Ratio)}</td>
    <td>${percent(one.l2Ratio)}</td>
    <td>${duration(one.loadP50Ms)}</td>
    <td>${duration(one.loadP99Ms)}</td>
    <td>${duration(savedMs.value)}<span class="soft">${error}</span></td>
    <td>${bytes(one.bytesP50)}</td>
    <td>${duration(one.ttlMs)}</td>
  </tr>`
}

/** The ages of answers, and how far this process is behind. */
export function freshness({ freshness, stats, processes }: CacheFigures): VNode {
  const { ageP50Ms, ageP99Ms, ageMaxMs, syncAgeMs, boundMs } = freshness
  const isLate = syncAgeMs !== undefined && boundMs !== undefined && syncAgeMs > boundMs
  return html`<div>
    ${
      ageP50Ms === undefined
        ? html`<p>${NO_DATA} ages are known of entries with a <code>ttl</code> that were read.</p>`
        : html`<dl class="pairs">
            <dt>age of answers, p50</dt>
            <dd>${duration(ageP50Ms)}</dd>
            <dt>p99</dt>
            <dd>${duration(ageP99Ms)}</dd>
            <dt>oldest</dt>
            <dd>${duration(ageMaxMs)}</dd>
          </dl>`
    }
    <dl class="pairs">
      ${Object.entries(stats.staleServed).map(
        ([cause, some]) =>
          html`<dt>stale served, ${cause}</dt>
            <dd>${count(some)}</dd>`,
      )}
    </dl>
    ${
      syncAgeMs === undefined
        ? html`<p class="soft">No lag: the cache keeps nothing in this process that others change.</p>`
        : html`<p class=${isLate ? 'bad' : ''}>
            All changes by others were known ${duration(syncAgeMs)}
            ago${boundMs !== undefined && `; the bound is ${duration(boundMs)}`}.
          </p>`
    }
    ${
      processes.length > 1 &&
      html`<dl class="pairs" id="processes">
        ${processes.map(
          (one) =>
            html`<dt>lag of ${one.process}</dt>
              <dd class=${one.status === 'ok' ? '' : 'bad'}>${duration(one.syncAgeMs)}</dd>`,
        )}
      </dl>`
    }
  </div>`
}

/** The findings of the auditor. */
export function rightness({ rightness }: CacheFigures): VNode {
  if (rightness === undefined)
    return html`<p>
      ${NO_DATA} an auditor (<code>createAuditor</code>, option <code>auditors</code>) checks samples against
      their source.
    </p>`
  const { scales, wrongKeys, samples, late, loads, families } = rightness
  const left = families.filter(({ isLeftOut }) => isLeftOut)
  return html`<div>
    <p>${count(samples)} samples by ${count(loads)} loads; ${count(late)} were replaced in time.</p>
    <ul>
      ${scales.filter((scale) => scale.samples > 0).map(({ sentence }) => html`<li>${sentence}</li>`)}
    </ul>
    ${
      wrongKeys.length > 0 &&
      html`<h3>Wrong keys</h3>
        <ul>
          ${wrongKeys.toReversed().map(({ sentence }) => html`<li class="bad">${sentence}</li>`)}
        </ul>`
    }
    ${left.length > 0 && html`<p class="soft">Left out, because the source answers differently twice: ${left.map(({ family }) => family).join(', ')}.</p>`}
  </div>`
}

/** The hit ratio of the memory of the process at other sizes. */
export function sizes({ curve, advice }: CacheFigures): VNode {
  if (curve === undefined || curve.points.length === 0)
    return html`<p>
      ${NO_DATA} a bounded memory in the process (<code>maxEntries</code>) and reads give a curve.
    </p>`
  const sorted = [...curve.points]
  const now = at(sorted, curve.entries)
  const x = [...new Set([...sorted.map(({ entries }) => entries), curve.entries])].toSorted((a, b) => a - b)
  const advised = advice.find(({ kind }) => kind === 'size')?.numbers['proposedEntries']
  const dotAt = (size?: number): (number | null)[] =>
    x.map((entries) => (entries === size ? at(sorted, entries) : null))
  const data = [x, x.map((entries) => at(sorted, entries)), dotAt(curve.entries), dotAt(advised)]
  const double = at(sorted, curve.entries * 2)
  return html`<div>
    <${Chart}
      label="Hit ratio of the memory of the process by its number of entries"
      isTime=${false}
      data=${data}
      valueText=${percent}
      xText=${count}
      series=${[
        { label: 'hit ratio', color: 'good' },
        { label: 'now', color: 'bad', isDots: true },
        { label: 'advised', color: 'accent', isDots: true },
      ]}
    />
    <p>Now: ${count(curve.entries)} entries, ${percent(now)}. With twice as many: ${percent(double)}.</p>
  </div>`
}

// Between two points it is on the line through them.
function at(points: readonly { entries: number; hitRatio: number }[], entries: number): number {
  const next = points.findIndex((point) => point.entries >= entries)
  if (next < 0) return points.at(-1)!.hitRatio
  const [high, low] = [points[next]!, points[Math.max(0, next - 1)]!]
  if (high.entries === low.entries) return high.hitRatio
  return (
    low.hitRatio + ((high.hitRatio - low.hitRatio) * (entries - low.entries)) / (high.entries - low.entries)
  )
}

/** The proposals. */
export function advice({ advice }: CacheFigures): VNode {
  if (advice.length === 0)
    return html`<p>${NO_DATA} proposals for sizes and ttls need evidence of some minutes.</p>`
  return html`<ul>
    ${advice.map(({ sentence }) => html`<li>${sentence}</li>`)}
  </ul>`
}

/** The last events, the newest first. */
export function timeline(events: readonly TimelineEvent[]): VNode {
  if (events.length === 0)
    return html`<p>
      ${NO_DATA} invalidations, connections, loads that fail and stampedes that were prevented appear here.
    </p>`
  return html`<div class="scroll tall" tabindex="0" role="region" aria-label="Timeline">
    <ol class="events">
      ${events.map(
        (event) =>
          html`<li key=${event.id}>
            <time datetime=${new Date(event.at).toISOString()}>${moment(event.at)}</time>
            <span class=${`kind ${event.kind}`}>${event.kind}</span>
            <span>${event.text}${event.count > 1 && html` <strong>× ${count(event.count)}</strong>`}</span>
          </li>`,
      )}
    </ol>
  </div>`
}
