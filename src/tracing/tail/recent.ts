/**
 * Remembers what was set last: at least half of `capacity` entries, and never more than it. Entries go by the half, as a Map that loses
 * its first entry again and again has to look for the next one ever longer.
 */
export class Recent<V extends {} | false> {
  private young = new Map<string, V>()
  private old = new Map<string, V>()
  private readonly half: number

  constructor(capacity: number) {
    this.half = Math.max(1, Math.floor(capacity / 2))
  }

  get size(): number {
    return this.young.size + this.old.size
  }

  get(key: string): V | undefined {
    return this.young.get(key) ?? this.old.get(key)
  }

  set(key: string, value: V): void {
    if (this.young.size >= this.half) {
      this.old = this.young
      this.young = new Map()
    }
    this.young.set(key, value)
  }
}
