import {
  Body,
  Controller,
  Get,
  Ip,
  Module,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Put,
  UseInterceptors,
} from '@nestjs/common'
import { BaseCache } from 'cachette'
import { CacheInterceptor, CachetteModule, CacheTTL, InjectCache, RateLimit } from 'cachette/nestjs'
import { ipKey } from 'cachette/ratelimit'
import { type Article, ArticleService } from './articles.js'

@Controller('articles')
class ArticleController {
  constructor(private readonly articles: ArticleService) {}

  @Get()
  list(): Promise<Article[]> {
    return this.articles.list()
  }

  @Get(':id')
  async find(@Param('id', ParseIntPipe) id: number): Promise<Article> {
    const article = await this.articles.find(id)
    if (article === null) throw new NotFoundException()
    return article
  }

  @Post()
  @RateLimit({ limit: 3, window: '1m', algorithm: 'fixed-window', key: (_article, ip) => ipKey(ip) })
  async create(@Body() { name, price }: Article, @Ip() _ip: string): Promise<Article> {
    return this.articles.create(name, price)
  }

  @Put(':id/price/:price')
  async setPrice(
    @Param('id', ParseIntPipe) id: number,
    @Param('price', ParseIntPipe) price: number,
  ): Promise<void> {
    await this.articles.setPrice(id, price)
  }
}

@Controller()
class PageController {
  constructor(
    private readonly articles: ArticleService,
    private readonly cache: BaseCache,
    @InjectCache('visits') private readonly visits: BaseCache<number>,
  ) {}

  /** The whole answer is kept for five seconds. */
  @Get('front')
  @UseInterceptors(CacheInterceptor)
  @CacheTTL(5000)
  async front(): Promise<object> {
    return { articles: (await this.articles.list()).length, visits: await this.visits.increment('front') }
  }

  @Get('status')
  async status(): Promise<object> {
    const { engine, status } = await this.cache.health()
    return { engine, status, queries: this.articles.queries }
  }
}

@Module({
  imports: [
    CachetteModule.forRoot({ redis: process.env['REDIS_URL'], prefix: 'nest-example:', ttl: '1d' }),
    CachetteModule.forFeature('visits', { ttl: '1h' }),
  ],
  controllers: [ArticleController, PageController],
  providers: [ArticleService],
})
export class AppModule {}
