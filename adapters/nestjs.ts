import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CompletionLogger } from './any-logger.js'
import { type Exchange, serverEdge } from './http/edge.js'
import { expressRoute } from './http/express.js'
import { nodeEdge } from './http/node.js'
import type { EdgeOptions } from './http/options.js'
import { SpanlogLogger } from './nestjs/logger.js'

export { type CompletionLogger, SpanlogLogger }

/** How `SpanlogModule` treats requests; the functions get node's own request. With a `logger`, `SpanlogLogger` can be injected. */
export type SpanlogModuleOptions = EdgeOptions<IncomingMessage>

/** A dynamic module, as Nest's `imports` take it. */
export interface SpanlogDynamicModule {
  module: typeof SpanlogModule
  global: true
  // oxlint-disable-next-line typescript/no-explicit-any -- Nest's providers are of many shapes
  providers: any[]
  exports: (typeof SpanlogLogger)[]
}

interface AdapterHost {
  httpAdapter?: { use?(middleware: (req: IncomingMessage, res: ServerResponse, next: () => void) => void): unknown }
}

interface ExecutionContext {
  getType(): string
  switchToHttp(): { getRequest(): IncomingMessage & { raw?: IncomingMessage } }
}

/**
 * The Nest module that continues the trace of a request, or begins one, and keeps it through middleware, guards, pipes,
 * handlers and response. It stands in front of all middleware, that of the body included. Its server span is named
 * `METHOD /route` (on Fastify's platform, register `traceFastify` instead of this), and what handlers throw and Nest answers
 * with 5xx is recorded on it.
 *
 * @example
 * ```ts
 * const logger = pino() // from 'spanlog/pino'
 *
 * @Module({ imports: [SpanlogModule.forRoot({ logger })] })
 * class AppModule {}
 *
 * const app = await NestFactory.create(AppModule, { bufferLogs: true })
 * app.useLogger(app.get(SpanlogLogger))
 * ```
 */
// oxlint-disable-next-line typescript/no-extraneous-class -- Nest's modules are classes
export class SpanlogModule {
  /**
   * @throws SpanlogError INVALID_OPTION
   * @returns a promise, which `imports` takes as well
   */
  static forRoot(options: SpanlogModuleOptions = {}): Promise<SpanlogDynamicModule> {
    const exchanges = new WeakMap<IncomingMessage, Exchange>()
    const edge = nodeEdge(serverEdge('SpanlogModule', options, expressRoute))
    const middleware = (req: IncomingMessage, res: ServerResponse, next: () => void): void => {
      const exchange = edge.begin(req, req, res)
      if (exchange === undefined) return next()
      exchanges.set(req, exchange)
      exchange.run(next)
    }
    const failed = (context: ExecutionContext, error: unknown): void => {
      if (context.getType() !== 'http') return
      const request = context.switchToHttp().getRequest()
      exchanges.get(request.raw ?? request)?.fail(error)
    }
    return dynamicModule(middleware, failed, options.logger)
  }
}

type Middleware = Parameters<NonNullable<NonNullable<AdapterHost['httpAdapter']>['use']>>[0]

/** Nest itself is loaded only here, by those who have it: its own way, as it is a module of ES since version 12. */
async function dynamicModule(
  middleware: Middleware,
  failed: (context: ExecutionContext, error: unknown) => void,
  logger: CompletionLogger | undefined,
): Promise<SpanlogDynamicModule> {
  const { APP_INTERCEPTOR, HttpAdapterHost } = await import('@nestjs/core')
  const { tap } = await import('rxjs')
  return {
    module: SpanlogModule,
    global: true,
    providers: [
      // Nest makes its providers before it mounts the body's parsers: what is mounted here comes before them.
      {
        provide: Symbol('spanlog edge'),
        inject: [HttpAdapterHost],
        useFactory: ({ httpAdapter }: AdapterHost) => httpAdapter?.use?.(middleware) !== undefined,
      },
      {
        provide: APP_INTERCEPTOR,
        useValue: {
          intercept: (context: ExecutionContext, next: { handle(): import('rxjs').Observable<unknown> }) =>
            next.handle().pipe(tap({ error: (error: unknown) => failed(context, error) })),
        },
      },
      ...(logger ? [{ provide: SpanlogLogger, useValue: new SpanlogLogger(logger) }] : []),
    ],
    exports: logger ? [SpanlogLogger] : [],
  }
}
