import { h, type VNode } from 'preact'
import htm from 'htm'
import type { Explanation } from '../src/core/explanation.ts'
import { ask, state } from './state.ts'

const html = htm.bind(h) as (strings: TemplateStringsArray, ...values: unknown[]) => VNode

interface Found {
  readonly key: string
  readonly explanation: Explanation
  readonly value: string | undefined
  /** The moment of the explanation. */
  readonly at: number
}

let found: Found | undefined
let keys: { readonly list: readonly string[]; readonly areAll: boolean } | undefined
let message = ''
let confirming: { readonly text: string; readonly run: () => Promise<void> } | undefined
let redraw = (): void => undefined

/** The part in which entries are explained, deleted and invalidated. */
export function inspector(draw: () => void): VNode {
  redraw = draw
  const isReadOnly = state.figures?.readOnly !== false
  return html`<div>
    <form class="row" onSubmit=${onExplain}>
      <label for="key">Key</label>
      <input id="key" name="key" autocomplete="off" spellcheck=${false} required />
      <button>Explain</button>
      <button type="button" onClick=${onList}>List keys that begin so</button>
    </form>
    ${keys && keyList(keys)} ${found && explained(found, isReadOnly)}
    ${
      isReadOnly
        ? html`<p class="soft">
            Read-only: <code>readOnly: false</code> adds buttons that delete and invalidate.
          </p>`
        : html`<form class="row" onSubmit=${onInvalidate}>
            <label for="tag">Tag</label>
            <input id="tag" name="tag" autocomplete="off" spellcheck=${false} required />
            <button>Invalidate…</button>
          </form>`
    }
    ${
      confirming &&
      html`<div class="confirm" role="alertdialog" aria-label="Confirmation">
        <p>${confirming.text}</p>
        <button class="danger" id="confirm" onClick=${onConfirm}>Yes, do it</button>
        <button onClick=${() => confirm(undefined)}>Cancel</button>
      </div>`
    }
    <p role="status" id="message">${message}</p>
  </div>`
}

function keyList({ list, areAll }: NonNullable<typeof keys>): VNode {
  if (list.length === 0) return html`<p>No key ${areAll ? 'begins so' : 'was found in time'}.</p>`
  return html`<ul class="keys">
    ${list.map((key) => html`<li><button type="button" class="link" onClick=${() => explain(key)}>${key}</button></li>`)}
    ${!areAll && html`<li class="soft">There are more.</li>`}
  </ul>`
}

function explained({ key, explanation, value, at }: Found, isReadOnly: boolean): VNode {
  const { outcome, servedBy, tiers, underWay } = explanation
  const words = { fresh: 'a fresh value', stale: 'a stale value', miss: 'nothing' }[outcome]
  const from =
    servedBy === undefined ? '' : servedBy === 'l1' ? ' from the memory of this process' : ' from the server'
  return html`<div class="explained">
    <p>A read of <code id="explained">${key}</code> would find <strong>${words}</strong>${from}.</p>
    <table>
      <caption class="hidden">
        Tiers
      </caption>
      <thead>
        <tr>
          <th scope="col">tier</th>
          <th scope="col">state</th>
          <th scope="col">fresh for</th>
          <th scope="col">tags</th>
        </tr>
      </thead>
      <tbody>
        ${tiers.map(
          (tier) =>
            html`<tr>
              <th scope="row">${tier.tier}</th>
              <td>${tier.state}</td>
              <td>
                ${tier.ttl === undefined ? '–' : tier.ttl === null ? 'ever' : `${Math.max(0, tier.ttl - (Date.now() - at) / 1_000).toFixed(1)} s`}
              </td>
              <td>${(tier.tags ?? []).map(({ tag, state: one }) => `${tag} (${one})`).join(', ') || '–'}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${underWay.length > 0 && html`<p>${underWay.length} loads or changes of it are under way in this process.</p>`}
    ${
      outcome !== 'miss' &&
      (value === undefined
        ? html`<p class="soft">The value is redacted: <code>showValues: true</code> shows it.</p>`
        : html`<pre tabindex="0" aria-label="Value">${value}</pre>`)
    }
    ${!isReadOnly && html`<button class="danger" type="button" onClick=${() => onDelete(key)}>Delete…</button>`}
  </div>`
}

function textOf(event: Event, name: string): string {
  event.preventDefault()
  const value = new FormData(event.currentTarget as HTMLFormElement).get(name)
  return typeof value === 'string' ? value : ''
}

function onExplain(event: Event): void {
  void explain(textOf(event, 'key'))
}

async function explain(key: string): Promise<void> {
  const answer = await ask('explain', { key })
  const { explanation, value, error } = answer as Partial<Found> & { error?: string }
  found = explanation && { key, explanation, value, at: Date.now() }
  message = error ?? ''
  redraw()
}

async function onList(): Promise<void> {
  const prefix = document.querySelector<HTMLInputElement>('#key')!.value
  const answer = await ask('keys', { prefix })
  const list = answer['keys'] as readonly string[] | undefined
  keys = list && { list, areAll: answer['areAll'] === true }
  message = (answer['error'] as string | undefined) ?? ''
  redraw()
}

function onDelete(key: string): void {
  confirm({
    text: `Delete ${key} in all processes?`,
    run: async () => {
      const { error, deleted } = await ask('delete', { key })
      await explain(key)
      message =
        (error as string | undefined) ?? (deleted === true ? `${key} is deleted.` : `There was no ${key}.`)
    },
  })
}

function onInvalidate(event: Event): void {
  const tag = textOf(event, 'tag')
  confirm({
    text: `Invalidate the tag ${tag}? All entries with it become invisible in all processes, and are loaded anew.`,
    run: async () => {
      const { error } = await ask('invalidate', { tag })
      message = (error as string | undefined) ?? `The tag ${tag} is invalidated.`
    },
  })
}

function confirm(question: typeof confirming): void {
  confirming = question
  message = ''
  redraw()
  document.querySelector<HTMLElement>('#confirm')?.focus()
}

async function onConfirm(): Promise<void> {
  const question = confirming
  confirming = undefined
  await question?.run()
  redraw()
}
