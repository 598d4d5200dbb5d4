import { reportFault } from '../context/fault.js'
import { refuseUnknownOptions, SpanlogError, unexpected } from '../errors.js'
import { type FieldPreset, type FieldSubject, presets, subjects } from './presets.js'

export type { FieldPreset, FieldSubject }

/** The service that writes the lines. */
export interface ServiceFields {
  /** @defaultValue `service.name` of OTEL_SERVICE_NAME, else of OTEL_RESOURCE_ATTRIBUTES */
  name?: string
  /** @defaultValue `service.version` of OTEL_RESOURCE_ATTRIBUTES */
  version?: string
  /** @defaultValue `deployment.environment.name`, or `deployment.environment`, of OTEL_RESOURCE_ATTRIBUTES */
  environment?: string
}

/** What lines say of the trace they are written in, and under which names. */
export interface FieldsOptions {
  /** Whose names and forms. @defaultValue 'otel' */
  preset?: FieldPreset
  /** Names of one's own in place of the preset's; `false` leaves a field out. */
  names?: Partial<Record<FieldSubject, string | false>>
  /** The Google Cloud project of the traces, for `gcp`. @defaultValue GOOGLE_CLOUD_PROJECT */
  project?: string
  /** Whether every line says which service writes it, also outside a trace. @defaultValue false */
  service?: boolean | ServiceFields
  /** Baggage entries that become fields: their keys, or the field's name for each key. @defaultValue none */
  baggage?: readonly string[] | Readonly<Record<string, string>>
  /** Whether lines carry the IDs of traces that are not sampled, and that no store of traces will have. @defaultValue true */
  unsampled?: boolean
}

/** What is set, checked and complete. Data only: two copies of the package may share it. */
export interface FieldsSettings {
  readonly preset: FieldPreset
  readonly names: Readonly<Partial<Record<FieldSubject, string>>>
  readonly project: string | undefined
  readonly service: Readonly<ServiceFields>
  readonly baggage: Readonly<Record<string, string>>
  readonly unsampled: boolean
}

/** @throws SpanlogError INVALID_OPTION */
export function fieldsSettings(fields: unknown): FieldsSettings {
  const options = typeof fields === 'string' ? { preset: fields } : fields
  if (!isObject(options)) throw unexpected('fields', `one of ${Object.keys(presets).join(', ')}, or an object`, fields)
  refuseUnknownOptions('fields', options, ['preset', 'names', 'project', 'service', 'baggage', 'unsampled'])
  const { preset = 'otel', names, service = false, baggage = {}, unsampled = true, project = process.env.GOOGLE_CLOUD_PROJECT } = options
  if (!isPreset(preset)) throw unexpected('fields.preset', `one of ${Object.keys(presets).join(', ')}`, preset)
  if (typeof unsampled !== 'boolean') throw unexpected('fields.unsampled', 'a boolean', unsampled)
  if (preset === 'gcp' && !(typeof project === 'string' && /^[\w.:-]+$/.test(project)))
    throw unexpected('fields.project', 'the ID of a Google Cloud project, or GOOGLE_CLOUD_PROJECT to be set', project)
  return {
    preset,
    names: namesOf(preset, names),
    project: project as string | undefined,
    service: serviceOf(service),
    baggage: baggageOf(baggage),
    unsampled,
  }
}

function isPreset(name: unknown): name is FieldPreset {
  return typeof name === 'string' && Object.hasOwn(presets, name)
}

function namesOf(preset: FieldPreset, own: unknown): FieldsSettings['names'] {
  const names: Partial<Record<FieldSubject, string>> = { ...presets[preset].names }
  if (own === undefined) return names
  if (!isObject(own)) throw unexpected('fields.names', 'an object', own)
  refuseUnknownOptions('fields.names', own, subjects)
  for (const subject of subjects) {
    const name = own[subject]
    if (name === undefined) continue
    if (name === false) delete names[subject]
    else if (isName(name)) names[subject] = name
    else throw unexpected(`fields.names.${subject}`, 'a non-empty string, or false', name)
  }
  refuseTwice('fields.names', Object.values(names))
  return names
}

function serviceOf(service: unknown): FieldsSettings['service'] {
  if (service === false) return {}
  if (service !== true && !isObject(service)) throw unexpected('fields.service', 'a boolean or an object', service)
  const own = service === true ? {} : service
  refuseUnknownOptions('fields.service', own, ['name', 'version', 'environment'])
  const resource = resourceOfEnvironment()
  const { OTEL_SERVICE_NAME: ofEnvironment } = process.env
  const known: Record<keyof ServiceFields, unknown> = {
    name: own['name'] ?? (ofEnvironment || resource['service.name']),
    version: own['version'] ?? resource['service.version'],
    environment: own['environment'] ?? resource['deployment.environment.name'] ?? resource['deployment.environment'],
  }
  for (const [name, value] of Object.entries(known)) {
    if (value !== undefined && typeof value !== 'string') throw unexpected(`fields.service.${name}`, 'a string', value)
  }
  return known as ServiceFields
}

/** @see https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable */
function resourceOfEnvironment(): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const pair of (process.env.OTEL_RESOURCE_ATTRIBUTES ?? '').split(',')) {
    const [key = '', ...value] = pair.split('=')
    try {
      if (key.trim() !== '') attributes[key.trim()] = decodeURIComponent(value.join('=').trim())
    } catch {
      // Malformed: the SDK leaves it out as well.
    }
  }
  return attributes
}

function baggageOf(baggage: unknown): FieldsSettings['baggage'] {
  const pairs = Array.isArray(baggage) ? baggage.map((key: unknown) => [key, key]) : isObject(baggage) ? Object.entries(baggage) : undefined
  if (pairs === undefined || !pairs.every((pair) => pair.every(isName)))
    throw unexpected('fields.baggage', 'an array of keys, or an object of field names', baggage)
  const fields = Object.fromEntries(pairs) as Record<string, string>
  refuseTwice('fields.baggage', Object.values(fields))
  return fields
}

/** The one name that is no property once it is assigned is none. */
function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name !== '__proto__'
}

function refuseTwice(where: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new SpanlogError('INVALID_OPTION', `${where} names two fields \`${twice}\``)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What SPANLOG_FIELDS says: a preset's name, or the options as JSON. What is wrong with it is reported, and leaves the default. */
export function fieldsOfEnvironment(): FieldsSettings {
  const text = process.env.SPANLOG_FIELDS?.trim()
  try {
    return fieldsSettings(text?.startsWith('{') ? JSON.parse(text) : text || 'otel')
  } catch (error) {
    reportFault('SPANLOG_FIELDS is wrong, and is not used', error)
    return fieldsSettings('otel')
  }
}
