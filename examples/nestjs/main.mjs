// NestJS: Nest's own lines and the service's are pino's, each with its trace.
import { Controller, Get, Logger, Module, Param } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { SpanlogLogger, SpanlogModule } from 'spanlog/nestjs'
import pino from 'spanlog/pino' // was: 'pino'

class OrdersController {
  log = new Logger('OrdersController')

  find(id) {
    this.log.log('order found', { orderId: id })
    return { id }
  }
}

// oxlint-disable-next-line typescript/no-extraneous-class -- Nest's modules are classes
class AppModule {}

// The decorators, as plain JavaScript calls them; in TypeScript: @Controller('orders'), @Get(':id'), @Param('id'), @Module({ … }).
Controller('orders')(OrdersController)
Get(':id')(OrdersController.prototype, 'find', Object.getOwnPropertyDescriptor(OrdersController.prototype, 'find'))
Param('id')(OrdersController.prototype, 'find', 0)
Module({ imports: [SpanlogModule.forRoot({ logger: pino() })], controllers: [OrdersController] })(AppModule)

const app = await NestFactory.create(AppModule, { bufferLogs: true })
app.useLogger(app.get(SpanlogLogger))
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
