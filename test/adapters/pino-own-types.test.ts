import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { Application } from '../support/application.js'

const root = path.resolve(import.meta.dirname, '../..')

// What the tests are written with: of tstyche (pino 10) and tsd (pino 9) the types that tell. A wrong one wants an argument more.
const shims = `
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
  interface Matchers<S> {
    toBe<T>(...wrong: Same<S, T> extends true ? [] : [T]): void
    toBeAssignableTo<T>(...wrong: [S] extends [T] ? [] : [T]): void
  }
  interface NotMatchers<S> {
    toBeAssignableTo<T>(...wrong: [S] extends [T] ? [T] : []): void
    toBeCallableWith(...args: unknown[]): void
    toHaveProperty<K extends string>(key: K, ...wrong: K extends keyof S ? [K] : []): void
  }
  declare module 'tstyche' {
    export function expect<S>(value?: S): { type: Matchers<S> & { not: NotMatchers<S> } }
  }
  declare module 'tsd' {
    export function expectType<T>(value: T): void
    export function expectAssignable<T>(value: T): void
    export function expectNotAssignable<T>(value: unknown): void
    export function expectError(value?: unknown): void
  }`

describe.each([
  ['pino 10', 'pino'],
  ['pino 9', 'pino9'],
])("the type tests of %s's own package", (_, installed) => {
  const app = new Application({
    pino: installed,
    ...Object.fromEntries(['pino-pretty', 'sonic-boom', 'thread-stream', '@types/node'].map((name) => [name, name])),
  })
  afterAll(() => app.remove())
  const folder = path.join(root, 'node_modules', installed, 'test/types')
  const files = readdirSync(folder).filter((file) => /\.c?ts$/.test(file))

  /** @returns what the compiler has to say of the tests, their pino being `name` */
  async function diagnose(name: string): Promise<string> {
    const target = name.replace('/', '-')
    app.write(`${target}/shims.d.ts`, shims)
    for (const file of files) {
      const text = readFileSync(path.join(folder, file), 'utf8')
      app.write(
        `${target}/${file}`,
        text.replaceAll(/(['"])\.\.\/\.\.\/(?:pino(?:\.js)?)?\1/g, `'${name}'`).replaceAll(`require('pino')`, `require('${name}')`),
      )
    }
    const options = {
      strict: true,
      noEmit: true,
      target: 'es2023',
      module: 'nodenext',
      esModuleInterop: true,
      skipLibCheck: true,
      types: ['node'],
    }
    app.write(`${target}/tsconfig.json`, JSON.stringify({ compilerOptions: options, include: ['.'] }))
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    // Other tests run on the other processors.
    const args = [tsc, '--singleThreaded', '--pretty', 'false', '-p', path.join(app.folder, target)]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: path.join(app.folder, target) }).catch(
      (error: { stdout: string }) => error,
    )
    return stdout.replaceAll(name, 'pino')
  }

  it('find in spanlog/pino what they find in pino', async () => {
    expect(files.length).toBeGreaterThan(4)
    const [theirs, ours, another] = [await diagnose('pino'), await diagnose('spanlog/pino'), await diagnose('spanlog/winston')]
    // Those of pino 9 hold lines that are to be refused; in those of pino 10 none is left to the compiler.
    if (installed === 'pino') expect(theirs).toBe('')
    expect(ours).toBe(theirs)
    // They can fail.
    expect(another.split('error').length).toBeGreaterThan(theirs.split('error').length + 10)
  })
})
