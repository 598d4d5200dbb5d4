import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const root = path.resolve(import.meta.dirname, '../..')

/** A folder with spanlog installed beside the packages it is given, for programs that run as a user's do. */
export class Application {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'spanlog-app-'))

  /** @param packages - installed name to the name in our own `node_modules`: `{ pino: 'pino9' }` */
  constructor(packages: Readonly<Record<string, string>>) {
    const modules = path.join(this.folder, 'node_modules')
    mkdirSync(path.join(modules, 'spanlog'), { recursive: true })
    cpSync(path.join(root, 'dist'), path.join(modules, 'spanlog/dist'), { recursive: true })
    cpSync(path.join(root, 'package.json'), path.join(modules, 'spanlog/package.json'))
    for (const [name, installed] of Object.entries({ '@opentelemetry/api': '@opentelemetry/api', ...packages })) {
      mkdirSync(path.dirname(path.join(modules, name)), { recursive: true })
      symlinkSync(path.join(root, 'node_modules', installed), path.join(modules, name))
    }
  }

  write(file: string, text: string): string {
    const target = path.join(this.folder, file)
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, text)
    return target
  }

  /** Writes a program, runs it in the application's folder and returns what it printed. */
  async run(file: string, program: string): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [this.write(file, program)], { cwd: this.folder })
    return stdout
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
