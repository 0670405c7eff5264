import { Injectable } from '@nestjs/common'
import { Cached, CachePut, Invalidates } from 'cachette/nestjs'

export interface Article {
  id: number
  name: string
  price: number
}

/** A service over a table, which counts its queries. */
@Injectable()
export class ArticleService {
  queries = 0
  private readonly rows = new Map<number, Article>([
    [1, { id: 1, name: 'tea', price: 3 }],
    [2, { id: 2, name: 'cup', price: 8 }],
  ])

  @Cached({ key: 'article:{0}', tags: ['articles'], ttl: '30m' })
  async find(id: number): Promise<Article | null> {
    this.queries++
    return this.rows.get(id) ?? null
  }

  @Cached({ name: 'articles', tags: ['articles'], ttl: '5m' })
  async list(): Promise<Article[]> {
    this.queries++
    return [...this.rows.values()]
  }

  @CachePut({ key: 'article:{result.id}', tags: ['articles'], ttl: '30m' })
  async create(name: string, price: number): Promise<Article> {
    const article = { id: this.rows.size + 1, name, price }
    this.rows.set(article.id, article)
    return article
  }

  @Invalidates({ keys: ['article:{0}'], tags: ['articles'] })
  async setPrice(id: number, price: number): Promise<void> {
    const row = this.rows.get(id)
    if (row !== undefined) this.rows.set(id, { ...row, price })
  }
}
