import { SpanlogError } from '../errors.js'

/** What a store said when it refused, as the cause of the SpanlogError that it became. */
export class Refusal extends Error {
  /** HTTP's; 413 also where a store, or this client, says in another way that an answer is too large. */
  readonly status: number
  /** As it came. Not the message: it may steer a terminal. */
  readonly text: string

  constructor(status: number, text: string) {
    super(`answered ${status}`)
    this.status = status
    this.text = text
  }
}

/** The refusal that an error stands for; `undefined` where the store did not come to answer. */
export function refusalOf(error: unknown): Refusal | undefined {
  return error instanceof SpanlogError && error.cause instanceof Refusal ? error.cause : undefined
}

/** `undefined` for a 404. */
export async function unlessUnknown<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (refusalOf(error)?.status === 404) return undefined
    throw error
  }
}
