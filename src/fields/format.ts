import { type Context, isSpanContextValid, propagation, ROOT_CONTEXT, type Span, type SpanContext, trace } from '@opentelemetry/api'
import { heldIn } from '../context/holder.js'
import { state } from '../context/state.js'
import { SAMPLED } from '../context/traceparent.js'
import type { ContextFields } from './context-fields.js'
import { FieldNames } from './field-names.js'
import { type FieldsSettings, fieldsOfEnvironment } from './options.js'
import { presets, traceValues } from './presets.js'

/** Names and values of what a line says of its trace, its service and its baggage. */
export type TraceFields = Readonly<Record<string, string | boolean>>

/** One of them, and how it stands in a JSON line. */
interface Member {
  readonly name: string
  readonly value: string | boolean
  readonly json: string
}

/** What the lines of one context say of it. */
export class Said {
  private textOfAll: string | undefined
  private fieldsOfAll: TraceFields | undefined

  /**
   * @param span - the active one, recording or not, if it is valid
   * @param context - what `withFields` and `addFields` put into the context
   */
  constructor(
    readonly format: FieldFormat,
    readonly span: Span | undefined,
    readonly context: ContextFields | undefined,
    private readonly members: readonly Member[],
  ) {}

  /** Of the trace, its service and its baggage. */
  get fields(): TraceFields {
    return (this.fieldsOfAll ??= Object.fromEntries(this.members.map(({ name, value }) => [name, value])))
  }

  /** The same as it stands in a JSON line, without braces. */
  get text(): string {
    return (this.textOfAll ??= this.textWithout(none))
  }

  /** @param without - those that the line has of its user's own, and that therefore are left out */
  textWithout(without: readonly string[]): string {
    let text = ''
    for (const { name, json } of this.members) {
      if (without.length > 0 && without.includes(name)) continue
      text = text === '' ? json : `${text},${json}`
    }
    return text
  }
}

const none: readonly string[] = []

/** Under which any format of the process writes what joins lines and spans. */
const traceNames = new Set<string>()

const traceValue =
  /^(?:"(?:[\da-f]{2}|[\da-f]{16}|[\da-f]{32}|\d{1,20}|1-[\da-f]{8}-[\da-f]{24}|projects\/[\w.:-]+\/traces\/[\da-f]{32})"|true|false)$/

/**
 * Whether a field at the top of a line is the trace's own, which is not hidden whatever it looks like: one in two hundred of Datadog's
 * decimal IDs would pass for a card.
 *
 * @param json - the value, as it stands in the line
 */
export function isTraceField(name: string, json: string): boolean {
  return traceNames.has(name) && traceValue.test(json)
}

/** How lines say what they say of their context: the names and forms of one preset, compiled. */
export class FieldFormat {
  /** All names but those of the context's own fields. */
  readonly names: FieldNames
  private readonly ofTrace: readonly { name: string; key: string; value: (trace: SpanContext) => string | boolean }[]
  private readonly ofService: readonly Member[]
  private readonly ofBaggage: readonly { key: string; name: string }[]
  private readonly unsampled: boolean
  /** Of the last context, since many lines come from one. Contexts never change, and a change of what they hold counts the version up. */
  private context: Context | undefined
  private version = -1
  private said: Said | undefined

  constructor({ preset, names, project, service, baggage, unsampled }: FieldsSettings) {
    const values = traceValues(presets[preset], project)
    const traceSubjects = ['traceId', 'spanId', 'traceFlags', 'sampled'] as const
    this.ofTrace = traceSubjects.flatMap((subject) => {
      const name = names[subject]
      return name === undefined ? [] : { name, key: `${JSON.stringify(name)}:`, value: values[subject] }
    })
    for (const { name } of this.ofTrace) traceNames.add(name)
    const ofService = [
      [names.serviceName, service.name],
      [names.serviceVersion, service.version],
      [names.environment, service.environment],
    ]
    this.ofService = ofService.flatMap(([name, value]) => (name === undefined || value === undefined ? [] : member(name, value)))
    this.ofBaggage = Object.entries(baggage).map(([key, name]) => ({ key, name }))
    this.unsampled = unsampled
    this.names = new FieldNames([...this.ofTrace, ...this.ofService, ...this.ofBaggage].map(({ name }) => name))
  }

  /** What lines of a context say of it; `undefined` where that is nothing. */
  of(context: Context): Said | undefined {
    if (context !== this.context || state.fieldsVersion !== this.version) {
      this.said = this.read(context)
      this.context = context
      this.version = state.fieldsVersion
    }
    return this.said
  }

  private read(context: Context): Said | undefined {
    if (context === ROOT_CONTEXT && this.ofService.length === 0) return undefined
    const span = trace.getSpan(context)
    const spanContext = span?.spanContext()
    const isValid = spanContext !== undefined && isSpanContextValid(spanContext)
    const held = heldIn(context)
    let members: Member[] = []
    if (isValid && (this.unsampled || (spanContext.traceFlags & SAMPLED) !== 0)) {
      for (const { name, key, value: valueIn } of this.ofTrace) {
        const value = valueIn(spanContext)
        // Put together by hand, as this is done for each context: what a trace's fields hold needs no escapes.
        members.push({ name, value, json: typeof value === 'string' ? `${key}"${value}"` : `${key}${value}` })
      }
    }
    members.push(...this.ofService)
    if (this.ofBaggage.length > 0) {
      const baggage = propagation.getBaggage(context)
      for (const { key, name } of this.ofBaggage) {
        const value = baggage?.getEntry(key)?.value
        if (value !== undefined) members.push(member(name, value))
      }
    }
    if (held !== undefined) {
      // A field of the user's own goes before, and so does what the user put into the context.
      const own = this.names.ownIn(`{${held.text}}`)
      if (own.length > 0) members = members.filter(({ name }) => !own.includes(name))
    }
    return isValid || held !== undefined || members.length > 0 ? new Said(this, isValid ? span : undefined, held, members) : undefined
  }
}

function member(name: string, value: string): Member {
  return { name, value, json: `${JSON.stringify(name)}:${JSON.stringify(value)}` }
}

let current: FieldFormat | undefined
let settings: FieldsSettings | undefined

/** The process's format: that of `configure`, else of SPANLOG_FIELDS, else OpenTelemetry's names. */
export function processFormat(): FieldFormat {
  if (current === undefined || settings !== state.settings.fields) {
    settings = state.settings.fields
    current = new FieldFormat(settings ?? fieldsOfEnvironment())
  }
  return current
}
