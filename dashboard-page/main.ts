import { render, type VNode } from 'preact'
import type { DashboardFigures } from '../src/dashboard/figures.ts'
import { inspector } from './inspector.ts'
import { advice, freshness, html, lately, rightness, sizes, tiles, timeline, worth } from './parts.ts'
import { base, shown, state, take } from './state.ts'

const root = document.querySelector('#root')!

function draw(): void {
  render(app(), root)
}

function app(): VNode {
  const { figures, isLive } = state
  const cache = shown()
  if (figures === undefined || cache === undefined)
    return html`<p role="status">Waiting for the first figures…</p>`
  const moments = state.moments.get(cache.id) ?? []
  const events = [...state.events.values()].toSorted((a, b) => b.id - a.id)
  return html`<div>
    <a class="skip" href="#inspector">To the inspector</a>
    <header>
      <h1>Cachette</h1>
      ${
        figures.caches.length > 1
          ? html`<label
              >Cache
              <select onChange=${onCache}>
                ${figures.caches.map(({ id, name }) => html`<option value=${id} selected=${id === cache.id}>${name}</option>`)}
              </select></label
            >`
          : html`<span class="soft">${cache.name}</span>`
      }
      <span role="status" class=${isLive ? 'live' : 'bad'}>${isLive ? 'live' : 'not connected'}</span>
      <p id="sentence">${figures.sentence}</p>
    </header>
    <main>
      ${part('now', 'Now', html`<div>${tiles(cache)}${lately(moments)}</div>`, 'wide')}
      ${part('worth', 'Worth', worth(cache, moments), 'wide')}
      ${part('freshness', 'Freshness', freshness(cache))} ${part('rightness', 'Rightness', rightness(cache))}
      ${part('size', 'Size', sizes(cache))} ${part('advice', 'Advice', advice(cache))}
      ${part('timeline', 'Timeline', timeline(events.slice(0, 100)))}
      ${part('inspector', 'Inspector', inspector(draw))}
    </main>
  </div>`
}

function part(id: string, title: string, content: VNode, kind = ''): VNode {
  return html`<section id=${id} class=${kind} aria-labelledby=${`${id}-title`} tabindex="-1">
    <h2 id=${`${id}-title`}>${title}</h2>
    ${content}
  </section>`
}

function onCache(event: Event): void {
  state.cache = (event.currentTarget as HTMLSelectElement).value
  draw()
}

function connect(): void {
  const source = new EventSource(`${base}/live`)
  source.addEventListener('message', ({ data }: MessageEvent<string>) => {
    state.isLive = true
    take(JSON.parse(data) as DashboardFigures)
    draw()
  })
  source.addEventListener('error', () => {
    state.isLive = false
    // A browser gives up for good if a proxy answers in place of a service that starts.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2_000)
    draw()
  })
}

connect()
draw()
