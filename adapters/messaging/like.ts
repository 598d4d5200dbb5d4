/** Libraries read how many arguments a handler takes, and people read its name: a wrapper has both of what it wraps. */
export function like<F extends object>(wrapper: F, original: { length: number; name: string }): F {
  Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true })
  Object.defineProperty(wrapper, 'name', { value: original.name, configurable: true })
  return wrapper
}
