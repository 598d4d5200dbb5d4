export {
  type CompletionLogger,
  type SpanlogDynamicModule,
  SpanlogLogger,
  SpanlogModule,
  type SpanlogModuleOptions,
} from './nestjs.js'
