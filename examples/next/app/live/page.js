import { connection } from 'next/server'
import { Suspense } from 'react'
import { findPosts } from '../../posts.js'

async function Live() {
  await connection()
  const post = await findPosts()
  return <p>{`Answered by process ${process.pid}, made by load ${post.load} of process ${post.process}.`}</p>
}

/** A page that is made for each request, from a function whose value the fleet shares. */
export default function Page() {
  return (
    <Suspense fallback="...">
      <Live />
    </Suspense>
  )
}
