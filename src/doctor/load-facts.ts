export interface Tried {
  ok: boolean
  problem?: string
}

/** What came of loading a project's packages, and of trying them together. */
export interface LoadFacts {
  /** Packages that are installed and do not load. */
  broken: { name: string; problem: string }[]
  /** Packages of which `import` gives another copy than `require`. */
  doubles: string[]
  /** Absent where the project has none. */
  sdk?: Tried | undefined
  lines: { pino?: Tried; winston?: Tried }
}
