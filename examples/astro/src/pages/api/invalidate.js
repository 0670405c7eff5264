/** Takes `{ tags }`, `{ path }`, or both. */
export async function POST({ cache, request }) {
  await cache.invalidate(await request.json())
  return new Response(null, { status: 204 })
}
