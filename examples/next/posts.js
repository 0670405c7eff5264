import { cacheLife, cacheTag } from 'next/cache'

let loads = 0

/** Returns the posts, which every process of the fleet shares until the tag is invalidated. */
export async function findPosts() {
  'use cache'
  cacheLife('hours')
  cacheTag('posts')
  loads += 1
  return { title: 'Hello', process: process.pid, load: loads }
}
