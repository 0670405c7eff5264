import { findPosts } from '../posts.js'

/** A page without anything of the request: the ISR handler keeps it whole. */
export default async function Page() {
  const post = await findPosts()
  return (
    <main>
      <h1>{post.title}</h1>
      <p>{`Made by load ${post.load} of process ${post.process}.`}</p>
      <form action="/api/revalidate" method="post">
        <button>Invalidate the tag</button>
      </form>
    </main>
  )
}
