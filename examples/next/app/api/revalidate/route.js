import { revalidateTag } from 'next/cache'

/** Invalidates the posts in every process: at once, or with `?stale=60` after they were served for 60 more seconds. */
export async function POST(request) {
  const stale = Number(new URL(request.url).searchParams.get('stale') ?? 0)
  revalidateTag('posts', { expire: stale })
  return new Response(null, { status: 303, headers: { location: '/' } })
}
