import { Ajv, type ValidateFunction } from 'ajv'

/** JSON Schema, as far as the settings of the stack need it. */
export type Schema = Record<string, unknown>

export const text: Schema = { type: 'string', minLength: 1 }
export const number: Schema = { type: 'number' }
export const flag: Schema = { type: 'boolean' }
export const duration: Schema = { type: 'string', pattern: '^-?(\\d+(ns|us|ms|s|m|h|d))+$' }
export const size: Schema = { type: 'string', pattern: '^\\d+(B|KB|MB|GB)$' }
export const anything: Schema = {}
/** `${NAME}` and `${NAME:-default}` stand for a value that is not here yet. */
export const filledIn = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'string', pattern: '\\$\\{' }] })
export const oneOf = (...values: unknown[]): Schema => ({ enum: values })
export const listOf = (items: Schema): Schema => ({ type: 'array', minItems: 1, items })
export const mapOf = (value: Schema): Schema => ({ type: 'object', additionalProperties: value })

/** An object with these keys and no others; a name that ends in `!` must be there. */
export function keys(known: Record<string, Schema>): Schema {
  const required = Object.keys(known).filter((key) => key.endsWith('!'))
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(known).map(([key, schema]) => [key.replace(/!$/, ''), schema])),
    required: required.map((key) => key.slice(0, -1)),
  }
}

const ajv = new Ajv({ allErrors: true, strict: false })
const compiled = new WeakMap<Schema, ValidateFunction>()

/** What is wrong with a value, each as the path to it and why. */
export function schemaProblems(schema: Schema, value: unknown): string[] {
  const validate = compiled.get(schema) ?? ajv.compile(schema)
  compiled.set(schema, validate)
  validate(value)
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params.additionalProperty ?? '')}`,
  )
}
