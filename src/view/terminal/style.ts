import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** How a view is drawn. */
export interface DrawOptions {
  /** Columns; fewer than 40 are drawn as 40. With `Infinity` a list of lines wraps and cuts nothing. @defaultValue 80 */
  width?: number
  /** @defaultValue false */
  color?: boolean
}

export const MIN_WIDTH = 40

/** Puts escape codes around text that is already escaped, or returns it as it is. */
export type Paint = (style: Style, text: string) => string

export function painter(color: boolean | undefined): Paint {
  return color === true ? (style, text) => (text === '' ? '' : styleText(style, text, { validateStream: false })) : (_style, text) => text
}

// No red, which means an error, and nothing that is unreadable on black or on white.
const palette: Style[] = ['cyan', 'magenta', 'blue', 'yellow', 'green', 'cyanBright', 'magentaBright', 'blueBright']

/** One colour a service, in the order in which the services come. */
export function serviceColors(): (service: string) => Style {
  const seen = new Map<string, Style>()
  return (service) => {
    const known = seen.get(service)
    if (known !== undefined) return known
    const next = palette[seen.size % palette.length] ?? 'cyan'
    seen.set(service, next)
    return next
  }
}
