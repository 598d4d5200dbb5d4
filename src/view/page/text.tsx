import type { ComponentChildren, JSX } from 'preact'
import { ERROR_SEVERITY } from '../../fields/severity.js'
import type { Reason } from '../document.js'
import { formatDuration } from '../terminal/duration.js'
import { escapeText } from '../terminal/text.js'

/**
 * Text from outside. It becomes a text node, so it is never markup; characters that would hide or reorder what stands beside them are
 * shown by their numbers, and its direction stays its own.
 */
export function Outside({ text }: { text: string }): JSX.Element {
  return <bdi>{escapeText(text)}</bdi>
}

/** The same, with its line breaks. */
export function Block({ text, label }: { text: string; label: string }): JSX.Element {
  return (
    <pre tabIndex={0} aria-label={label}>
      {text.split('\n').map(escapeText).join('\n')}
    </pre>
  )
}

export function durationText(ms: number): string {
  return formatDuration(BigInt(Math.round(ms * 1e6)))
}

export function nanoText(nanoseconds: bigint): string {
  return formatDuration(nanoseconds)
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`
}

export function clockText(unixNano: bigint): string {
  const date = new Date(Number(unixNano / 1_000_000n))
  return Number.isNaN(date.getTime()) ? `${unixNano} ns` : date.toISOString().replace('T', ' ')
}

/** A service by its name and its colour. */
export function Service({ name, hue }: { name: string; hue: number | undefined }): JSX.Element {
  return (
    <span class="service" style={{ '--hue': String(hue ?? 250) }}>
      <Outside text={name} />
    </span>
  )
}

export function Empty({ children }: { children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>
}

/** Asks the server that gave the page. */
export async function ask<T>(what: string, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(what, signal === undefined ? {} : { signal })
  return bodyOf<T>(answer)
}

export async function bodyOf<T>(answer: Response): Promise<T> {
  const body: unknown = await answer.json()
  if (!answer.ok) throw new Error((body as Reason).message)
  return body as T
}

/** How severe a line is, as the style knows it. */
export function levelClass(severity: number): string {
  return severity >= ERROR_SEVERITY ? 'error' : severity >= 13 ? 'warn' : severity >= 9 ? 'info' : 'debug'
}
