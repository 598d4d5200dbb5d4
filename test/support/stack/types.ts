import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { root } from './files.js'

interface Typed {
  /** Whose the value is, in the messages. */
  name: string
  /** A type of a declaration file below node_modules. */
  type: string
  from: string
  value: unknown
}

/**
 * Has the compiler hold values to the types that packages publish: a key that a type does not have is an error, as is one that is missing.
 *
 * @returns what the compiler says, a line each
 */
export function typeProblems(values: readonly Typed[]): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-types-'))
  try {
    const files = values.map(({ name, type, from, value }) => {
      const file = path.join(folder, `${name.replaceAll(/\W+/g, '-')}.ts`)
      // Enums of texts take no plain text: `${Enum}` does.
      writeFileSync(
        file,
        `import type { ${type} as Named } from '${path.join(root, 'node_modules', from)}'
type Plain<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T
export const value: Plain<Named> = ${JSON.stringify(value, null, 1)}
`,
      )
      return file
    })
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--pretty',
      'false',
      '--module',
      'preserve',
      '--target',
      'esnext',
      '--types',
      '',
    ]
    const { stdout, error } = spawnSync(path.join(root, 'node_modules/.bin/tsc'), [...options, ...files], { encoding: 'utf8', cwd: folder })
    if (error) throw error
    return stdout.split('\n').filter((line) => line.includes('error'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
