import path from 'node:path'
import { constants, runInThisContext } from 'node:vm'
import { transformSync } from 'esbuild'

/** What a snippet takes for granted: the names that it uses and does not declare. */
export interface Given {
  names?: Record<string, unknown>
  /** What stands in for packages. */
  modules?: Record<string, Record<string, unknown>>
  /** Texts that stand for something else here: the addresses of stores, mostly. */
  instead?: Record<string, string>
  /** Looks at what came of it: `names` and the snippet's own, and what it printed. */
  check?(names: Record<string, unknown>, printed: string[]): unknown
  /** Ends what was started. */
  end?(): unknown
}

export type Imported = Record<string, unknown>
type Program = (...values: unknown[]) => Promise<Imported>
// pino looks for a transport from the file that asks for it.
const filename = path.resolve(import.meta.dirname, 'fragment.js')

/**
 * A piece of a program that a page shows, as a function of what it imports and of the names that it takes for granted. Its own names
 * are its value: the next snippet of the page may use them.
 */
export function compile(
  text: string,
  names: readonly string[],
): (load: (name: string) => Promise<Imported>, values: readonly unknown[]) => Promise<Imported> {
  const { code } = transformSync(text, {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    // What is imported must be there, whether it is used or not.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, experimentalDecorators: text.includes("'@nestjs/") } },
  })
  const own = new Set<string>()
  const body = code
    .replaceAll(/^import (?:(.+?) from )?"(.+)";$/gm, (_, what: string | undefined, from: string) => {
      const load = `await $load(${JSON.stringify(from)})`
      if (what === undefined) return `${load};`
      return imports(what)
        .map(([local, name]) => {
          own.add(local)
          return `const ${local} = ${name === '*' ? load : `$named(${load}, ${JSON.stringify(name)}, ${JSON.stringify(from)})`};`
        })
        .join(' ')
    })
    .replaceAll(/^export (?:default )?(?=const|let|function|class|async)/gm, '')
    .replaceAll(/^export \{[^}]*\};?$/gm, '')
  for (const [, name] of body.matchAll(/^(?:const|let|var|class|(?:async )?function) (\w+)/gm)) own.add(name as string)
  for (const [, list] of body.matchAll(/^(?:const|let) \{(.+?)\} =/gm))
    for (const name of (list as string).split(',')) own.add(name.replace(/^.*:/, '').trim())
  const program = runInThisContext(`(async ($load, $named, ${names.join(', ')}) => {{ ${body}\nreturn { ${[...own].join(', ')} } }})`, {
    filename,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as Program
  return (load, values) => program(load, named, ...values)
}

/** `a, { b as c }`, `* as n`: local names with those in the module. */
function imports(what: string): [local: string, name: string][] {
  const [, braces] = /\{(.*)\}/.exec(what) ?? []
  const plain = what
    .replace(/\{.*\}/, '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
  return [
    ...plain.map((part): [string, string] => (part.startsWith('* as ') ? [part.slice(5), '*'] : [part, 'default'])),
    ...(braces?.split(',') ?? []).map((part): [string, string] => {
      const [name = '', local = name] = part.trim().split(' as ')
      return [local, name]
    }),
  ]
}

function named(module: Imported, name: string, from: string): unknown {
  if (!(name in module)) throw new SyntaxError(`The requested module '${from}' does not provide an export named '${name}'`)
  return module[name]
}
