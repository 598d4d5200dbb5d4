import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import {
  Body,
  ConflictException,
  Controller,
  Get,
  Header,
  type INestApplication,
  Module,
  Param,
  Post,
  Res,
  StreamableFile,
  type Type,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { correlationId } from 'spanlog'
import { SpanlogModule } from 'spanlog/nestjs'
import { describeServerEdge } from '../contract/server-edge.js'

const later = () => new Promise((resolve) => setTimeout(resolve, 2))

async function* chunks() {
  yield correlationId()
  await later()
  yield correlationId()
}

class ShopController {
  async order(id: string) {
    await later()
    return { id: correlationId(), ...(id === '' && { id }) }
  }
  echo(body: unknown) {
    return { id: correlationId(), body }
  }
  async fail() {
    await later()
    throw new Error('boom')
  }
  refused() {
    throw new ConflictException()
  }
  stream() {
    return new StreamableFile(Readable.from(chunks()))
  }
  slow(res: ServerResponse) {
    res.write('part')
  }
  health() {
    return { id: correlationId() ?? null }
  }
}

/** Decorators as plain calls: the tests are compiled without them. */
function decorate(name: keyof ShopController, ...decorators: MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(ShopController.prototype, name)
  for (const decorator of decorators) decorator(ShopController.prototype, name, descriptor as PropertyDescriptor)
}
decorate('order', Get('orders/:id'))
Param('id')(ShopController.prototype, 'order', 0)
decorate('echo', Post('echo'))
Body()(ShopController.prototype, 'echo', 0)
decorate('fail', Get('fail'))
decorate('refused', Get('refused'))
decorate('stream', Get('stream'), Header('content-type', 'text/plain'))
decorate('slow', Get('slow'))
Res()(ShopController.prototype, 'slow', 0)
decorate('health', Get('health'))
Controller()(ShopController)

async function application(options: object): Promise<INestApplication> {
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest's modules are classes
  class AppModule {}
  Module({ imports: [SpanlogModule.forRoot(options)], controllers: [ShopController as Type] })(AppModule)
  return NestFactory.create(AppModule, { logger: false, forceCloseConnections: true })
}

describeServerEdge('SpanlogModule', {
  ignoreHealth: (req: IncomingMessage) => req.url === '/health',
  refuse: (options) => SpanlogModule.forRoot(options as never),
  async start(options) {
    const app = await application(options)
    await app.listen(0, '127.0.0.1')
    return { port: (app.getHttpServer() as { address(): AddressInfo }).address().port, stop: () => app.close() }
  },
})
