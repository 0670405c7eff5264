import type { Dashboard } from 'cachette/dashboard'

const HOST = 'http://localhost:3000'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Record<string, never>
}

/** Asks for a page. */
export async function get(
  dashboard: Dashboard,
  path: string,
  headers: Record<string, string> = {},
  host: string = HOST,
): Promise<Answer> {
  return answerOf(await dashboard.fetch(new Request(host + path, { headers })))
}

/** Asks for an action, as the page itself does, unless headers say otherwise. */
export async function post(
  dashboard: Dashboard,
  path: string,
  body: unknown,
  headers: Record<string, string | undefined> = {},
): Promise<Answer> {
  const own = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', origin: HOST }
  const all = Object.entries({ ...own, ...headers }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  )
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return answerOf(
    await dashboard.fetch(new Request(HOST + path, { method: 'POST', headers: all, body: text })),
  )
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as Record<string, never>) : {},
  }
}
