// A microservice of Nest over TCP: its handlers use the decorators, and the interceptor is global.
import type { AddressInfo, Server } from 'node:net'
import { Controller, Get, type DynamicModule, type Provider } from '@nestjs/common'
import { APP_INTERCEPTOR } from '@nestjs/core'
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices'
import { Cached, CacheInterceptor, CacheKey, CacheTTL, Invalidates, RateLimit } from 'cachette/nestjs'
import { concat, lastValueFrom, NEVER, of, toArray, type Observable } from 'rxjs'
import { onTestFinished } from 'vitest'
import { start } from './app.ts'
import { startMicroservice } from './microservice.ts'

/** The handlers, and the number of their calls. */
@Controller()
export class Handlers {
  readonly calls: string[] = []

  /** Counts a call, and returns the number of those with its name. */
  count(name: string): number {
    this.calls.push(name)
    return this.calls.filter((one) => one === name).length
  }

  @MessagePattern('find')
  @Cached({ key: 'user:{0}' })
  async find(@Payload() id: number): Promise<string> {
    return `${id} ${this.count('find')}`
  }

  @EventPattern('renamed')
  @Invalidates({ keys: ['user:{0}'] })
  async renamed(@Payload() _id: number): Promise<void> {
    this.count('renamed')
  }

  @MessagePattern('plain')
  plain(): number {
    return this.count('plain')
  }

  @MessagePattern('kept')
  @CacheKey((context) => `kept:${context.switchToRpc().getData<string>()}`)
  @CacheTTL(60_000)
  kept(@Payload() text: string): string {
    return `${text} ${this.count('kept')}`
  }

  @EventPattern('counted')
  @CacheKey('counted')
  counted(@Payload() _data: unknown): number {
    return this.count('counted')
  }

  @MessagePattern('many')
  @CacheKey('many')
  many(): Observable<number> {
    this.count('many')
    return of(1, 2, 3)
  }

  @MessagePattern('endless')
  @CacheKey('endless')
  endless(): Observable<number> {
    this.count('endless')
    return concat(of(1, 2, 3), NEVER)
  }

  @MessagePattern('failing')
  @CacheKey('failing')
  failing(): never {
    throw new Error(`call ${this.count('failing')}`)
  }

  @MessagePattern('limited')
  @RateLimit({ limit: 2, window: '1m', algorithm: 'fixed-window', key: '{0}' })
  async limited(@Payload() _id: number): Promise<number> {
    return this.count('limited')
  }

  @EventPattern('limited event')
  @RateLimit({ limit: 1, window: '1m', algorithm: 'fixed-window' })
  async limitedEvent(@Payload() _data: unknown): Promise<void> {
    this.count('limited event')
  }
}

@Controller()
class Pages extends Handlers {
  @Get('page')
  page(): number {
    return this.count('page')
  }
}

/** A client of a service, which ends with the test. */
function talking(client: ClientProxy) {
  return {
    stream: (pattern: string, data: unknown = 0): Observable<unknown> => client.send(pattern, data),
    /** Sends a message, and returns all its answers. */
    send: async (pattern: string, data: unknown = 0): Promise<unknown[]> =>
      lastValueFrom(client.send<unknown>(pattern, data).pipe(toArray())),
    emit: async (pattern: string, data: unknown = 0): Promise<void> =>
      lastValueFrom(client.emit<void>(pattern, data), { defaultValue: undefined }),
  }
}

const PROVIDERS: readonly Provider[] = [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }]

/** Starts a microservice with these providers beside its own. */
export async function startRpc(cache: DynamicModule, others: readonly Provider[] = []) {
  const providers = [...PROVIDERS, ...others]
  const { app, events, close } = await startMicroservice({
    imports: [cache],
    controllers: [Handlers],
    providers,
  })
  return { app, close, handlers: app.get(Handlers), ...talking(events) }
}

/** Starts an application of HTTP with a microservice beside it. */
export async function startHybrid(cache: DynamicModule) {
  const { app, get } = await start({ imports: [cache], controllers: [Pages], providers: [...PROVIDERS] })
  const service = app.connectMicroservice<MicroserviceOptions>(
    { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } },
    { inheritAppConfig: true },
  )
  await app.startAllMicroservices()
  const { port } = service.unwrap<Server>().address() as AddressInfo
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } })
  onTestFinished(() => void client.close())
  return { app, get, handlers: app.get(Pages), ...talking(client) }
}
